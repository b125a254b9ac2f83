// SPDX-License-Identifier: Apache-2.0
// The one node that holds the lease looks for members whose Node is gone.
#include <algorithm>

#include "overlay/kube/agent.h"

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;

/// A wish that was not granted is made again after this.
constexpr Duration ask_again = 1min;

std::set<std::string> uids_of(const std::map<std::string, Node>& nodes) {
  std::set<std::string> out;
  for (const auto& [name, node] : nodes) out.insert(node.uid);
  return out;
}

}  // namespace

/// Voters stand for it: they decide who is removed, and they are few. Where all of them are gone, as the only
/// one of a young cluster may be, others ask in vain, which tells people what is to be done.
Awaitable<void> Agent::lead() {
  Client client(io_.get_executor(), options_.access);
  Backoff backoff(next_rng());
  asio::steady_timer timer(io_);
  for (;;) {
    Status looked;
    if (host_.may_lead()) looked = co_await look_at_lease(client);
    if (!looked || !host_.may_lead()) election_.lost();
    set_trouble("lease", looked ? "" : looked.error().text);
    if (election_.leads(host_.now())) {
      begin_following();
      co_await look_for_departures(client);
    }
    timer.expires_after(backoff.about(options_.lease_look));
    co_await timer.async_wait(as_value);
  }
}

Awaitable<Status> Agent::look_at_lease(Client& client) {
  const Request get = get_lease(space_);
  const Result<Answer> answer = co_await client.call(get);
  if (!answer) co_return answer.error();
  std::optional<Lease> lease;
  if (answer->status != not_found) {
    if (!answer->ok()) co_return explain(get, *answer);
    auto parsed = parse_lease(answer->body);
    if (!parsed) co_return parsed.error();
    lease = *std::move(parsed);
  }
  const auto wanted = election_.look(lease, host_.wall_now(), host_.now());
  if (!wanted) co_return Status();
  const Request write =
      lease ? replace_lease(space_, *wanted, lease_duration) : make_lease(space_, *wanted, lease_duration);
  const Result<Answer> written = co_await client.call(write);
  if (!written) co_return written.error();
  if (written->ok()) election_.won(host_.now());
  if (written->status == conflict) election_.lost();
  if (!written->ok() && written->status != conflict) co_return explain(write, *written);
  co_return Status();
}

/// A follower ends by itself when this node leads no more, and takes what it saw with it.
void Agent::begin_following() {
  if (all_) return;
  departures_.forget();
  all_ = std::make_shared<NodeFollower>(io_.get_executor(), options_.access, "", next_rng());
  spawn(io_.get_executor(), follow_all(all_));
}

Awaitable<void> Agent::follow_all(std::shared_ptr<NodeFollower> follower) {
  const auto changed = [this] { return election_.leads(host_.now()); };
  const auto trouble = [this](const std::string& text) { set_trouble("Nodes", text); };
  co_await follower->run(changed, trouble);
  all_.reset();
}

Awaitable<void> Agent::look_for_departures(Client& client) {
  const auto own = own_.nodes().find(options_.node);
  if (!all_ || !all_->is_complete() || own == own_.nodes().end()) co_return;
  const auto departed =
      departures_.look(host_.members(), uids_of(all_->nodes()), own->second.uid, host_.now());
  std::vector<Departure> wanted;
  for (const Departure& each : departed) {
    const auto asked = asked_.find(each.member.id);
    if (asked == asked_.end() || host_.now() - asked->second >= ask_again) wanted.push_back(each);
  }
  if (wanted.empty()) co_return;
  // For ever is worth a second look: a watch that missed something must not cost anybody its addresses.
  const auto there = co_await list_all_uids(client);
  if (!there || !there->contains(own->second.uid)) co_return;
  for (const Departure& each : wanted) {
    if (each.is_replaced == there->contains(each.member.uid)) forget(each);
  }
}

Awaitable<Result<std::set<std::string>>> Agent::list_all_uids(Client& client) {
  NodeWatch list;
  while (list.wants_list()) {
    const Request request = list.list();
    const Result<Answer> answer = co_await client.call(request);
    if (!answer) co_return answer.error();
    const Status listed = list.listed(*answer);
    if (!listed) co_return listed.error();
  }
  co_return uids_of(list.nodes());
}

void Agent::forget(const Departure& departure) {
  const Member& member = departure.member;
  asked_[member.id] = host_.now();
  const std::string who = departure.is_replaced
                              ? "the former self of node " + member.name + ", " + member.id +
                                    ", whose machine came back without its state"
                              : "node " + member.name + ", whose Node was deleted";
  host_.forget(member, [this, who](const Status& done) {
    const std::string text = done ? "forgot " + who : "cannot forget " + who + ": " + done.error().text;
    host_.tell(!done, text);
    record({done ? "OverlayNodeForgotten" : "OverlayNodeNotForgotten", text, !done});
  });
}

}  // namespace overlay::kube
