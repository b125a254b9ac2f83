// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/agent.h"

#include <algorithm>

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;

/// Without news this host's Node is looked at this often.
constexpr Duration usual_pause = 1min;
/// More are not worth the telling.
constexpr std::size_t max_events = 32;

}  // namespace

Agent::Agent(asio::io_context& io, AgentOptions options, Host& host, Rng rng)
    : io_(io),
      options_(std::move(options)),
      space_(name_space(options_.access)),
      host_(host),
      rng_(rng),
      own_(io.get_executor(), options_.access, options_.node, next_rng()),
      news_(io),
      election_(options_.node),
      departures_(options_.forget_after) {}

void Agent::start() {
  spawn(io_.get_executor(), found());
  spawn(io_.get_executor(), follow_own_node());
  spawn(io_.get_executor(), keep_own_node());
  spawn(io_.get_executor(), lead());
}

// ---- what people are told ----

std::optional<Trouble> Agent::trouble() const {
  return trouble_.empty() ? std::nullopt : std::optional(trouble_.begin()->second);
}

void Agent::set_trouble(const std::string& what, const std::string& text) {
  const auto known = trouble_.find(what);
  if (text == (known == trouble_.end() ? "" : known->second.text)) return;
  if (text.empty()) {
    trouble_.erase(known);
  } else {
    trouble_[what] = {text, known == trouble_.end() ? host_.now() : known->second.since};
  }
  host_.tell(!text.empty(), text.empty() ? "the API server and this node agree again on the " + what : text);
}

void Agent::record(EventText event) {
  if (events_.size() < max_events) events_.push_back(std::move(event));
  wake();
}

void Agent::wake() {
  news_due_ = true;
  news_.cancel();
}

// ---- secret, peers, genesis ----

Awaitable<void> Agent::found() {
  Client client(io_.get_executor(), options_.access);
  Founding founding(client, space_, options_.node, host_);
  Backoff backoff(next_rng());
  asio::steady_timer timer(io_);
  for (;;) {
    const Result<Duration> done = co_await founding.pass();
    if (auto event = founding.take_event()) record(*std::move(event));
    set_trouble("cluster", done ? "" : done.error().text);
    if (done) backoff.reset();
    timer.expires_after(done ? backoff.about(*done) : backoff.next());
    co_await timer.async_wait(as_value);
  }
}

// ---- this host's Node ----

Awaitable<void> Agent::follow_own_node() {
  const auto changed = [this] { return see_own_node(); };
  const auto trouble = [this](const std::string& text) { set_trouble("Node", text); };
  co_await own_.run(changed, trouble);
}

bool Agent::see_own_node() {
  const auto node = own_.nodes().find(options_.node);
  const bool is_there = node != own_.nodes().end();
  set_trouble(
      "name",
      is_there ? "" : "there is no Node '" + options_.node + "'; give --name the name of this host's Node");
  if (!is_there) return true;
  host_.see_own_node(node->second);
  wake();
  return true;
}

Awaitable<void> Agent::keep_own_node() {
  Backoff backoff(next_rng());
  Client client(io_.get_executor(), options_.access);
  for (;;) {
    news_due_ = false;
    Status done = co_await tend_own_node(client);
    if (done) done = co_await post_events(client);
    set_trouble("condition", done ? "" : done.error().text);
    if (done) backoff.reset();
    if (done && news_due_) continue;
    news_.expires_after(done ? usual_pause : backoff.next());
    co_await news_.async_wait(as_value);
  }
}

/// One change at a time: what it makes of the Node comes back by the watch.
Awaitable<Status> Agent::tend_own_node(Client& client) {
  const auto found = own_.nodes().find(options_.node);
  if (found == own_.nodes().end() || !host_.is_ready()) co_return Status();
  const Node node = found->second;
  if (!node.is_up) {
    const Request request = set_up(node.name, host_.wall_now());
    const Result<Answer> answer = co_await client.call(request);
    if (!answer) co_return answer.error();
    if (!answer->ok()) co_return explain(request, *answer);
    record({std::string(up_reason), "overlayd can give this node's pods a network", false});
  }
  for (std::size_t i = 0; i < node.taints.size(); ++i) {
    const bool is_ours = std::find(std::begin(startup_taints), std::end(startup_taints), node.taints[i]) !=
                         std::end(startup_taints);
    if (!is_ours) continue;
    const Request request = remove_taint(node.name, i, node.taints[i]);
    const Result<Answer> answer = co_await client.call(request);
    if (!answer) co_return answer.error();
    if (!answer->ok() && answer->status != unprocessable) co_return explain(request, *answer);
    break;  // the others have moved, now or before; the watch tells how
  }
  co_return Status();
}

Awaitable<Status> Agent::post_events(Client& client) {
  while (!events_.empty()) {
    const Request request = make_event(options_.node, events_.front(), host_.wall_now());
    const Result<Answer> answer = co_await client.call(request);
    if (!answer) co_return answer.error();
    events_.pop_front();
    if (!answer->ok()) co_return explain(request, *answer);
  }
  co_return Status();
}

}  // namespace overlay::kube
