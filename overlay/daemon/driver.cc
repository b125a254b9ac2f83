// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/driver.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "overlay/control/figures.h"
#include "overlay/daemon/log.h"

namespace overlay::daemon {
namespace {

using boost::system::error_code;

constexpr auto storage_retry = std::chrono::seconds(1);
/// What is not urgent is durable after this long at the latest.
constexpr auto longest_unsynced = std::chrono::seconds(1);
/// Bounds on one sleep: the core may want to be called at once for ever (a bug: do not spin), or never (do
/// not overflow).
constexpr Duration shortest_sleep = std::chrono::milliseconds(1);
constexpr Duration longest_sleep = std::chrono::hours(1);

}  // namespace

Driver::Driver(boost::asio::io_context& io, std::unique_ptr<node::Node> node, store::Store store,
               CarryOut carry_out)
    : io_(io),
      node_(std::move(node)),
      store_(std::move(store)),
      carry_out_(std::move(carry_out)),
      retry_(io),
      deadline_(io),
      late_sync_(io) {
  collect();  // what the start of the node has brought about
}

void Driver::collect() {
  node::Output output = node_->take_output();
  for (node::Persist& persist : output.persist) {
    urgent_ = urgent_ || persist.urgent;
    entries_.push_back(std::move(persist.entry));
  }
  std::move(output.effects.begin(), output.effects.end(), std::back_inserter(effects_));
  for (const node::SendProbe& probe : node_->take_probes()) {
    if (on_probe_) on_probe_(probe);
  }
  if (stopped_) return;
  if (entries_.empty() && effects_.empty()) return arm();
  if (std::exchange(flush_posted_, true)) return;
  boost::asio::post(io_, [this] { flush(); });
}

void Driver::flush() {
  flush_posted_ = false;
  if (stopped_ || !commit()) return;
  for (node::Effect& effect : std::exchange(effects_, {})) carry_out_(std::move(effect));
  compact_if_worthwhile();
  arm();
}

bool Driver::commit() {
  if (entries_.empty()) return true;
  const auto began = std::chrono::steady_clock::now();
  const Status appended = store_.append(entries_);
  if (!appended) {
    wait_for_room(appended.error());
    return false;
  }
  if (stall_) log(spdlog::level::info, "store", {{"text", "there is room again"}});
  stall_.reset();
  entries_.clear();
  if (std::exchange(urgent_, false)) {
    store_.sync();
  } else {
    sync_soon();
  }
  control::Figures::instance().log_written(std::chrono::steady_clock::now() - began);
  return true;
}

void Driver::sync_soon() {
  if (std::exchange(will_sync_, true)) return;
  late_sync_.expires_after(longest_unsynced);
  late_sync_.async_wait([this](const error_code& cancelled) {
    if (cancelled) return;
    will_sync_ = false;
    store_.sync();
  });
}

void Driver::wait_for_room(const Error& error) {
  if (!stall_) {
    log(spdlog::level::err, "store", {{"text", error.text + "; nothing new is promised until then"}});
    stall_ = Stall{error, now()};
    if (on_stall_) on_stall_(error);
  }
  retry_.expires_after(storage_retry);
  retry_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) flush();
  });
}

/// Here, right after a commit, the node's snapshot says exactly what the log says.
void Driver::compact_if_worthwhile() {
  if (!entries_.empty() || !store_.wants_compaction()) return;
  const std::size_t before = store_.bytes();
  const Status compacted = store_.compact(node_->snapshot());
  log(compacted ? spdlog::level::info : spdlog::level::warn, "store",
      {{"from", std::to_string(before)},
       {"to", std::to_string(store_.bytes())},
       {"text", compacted ? "log compacted, bytes" : compacted.error().text}});
}

void Driver::arm() {
  const Time due = node_->next_deadline();
  if (armed_ == due) return;
  armed_ = due;
  deadline_.expires_after(std::clamp(Duration(due - now()), shortest_sleep, longest_sleep));
  deadline_.async_wait([this](const error_code& error) {
    if (error || stopped_) return;
    armed_.reset();
    if (before_tick_) before_tick_();
    feed([](node::Node& node, Time now) { node.tick(now); });
  });
}

void Driver::stop() {
  if (std::exchange(stopped_, true)) return;
  if (commit()) store_.sync();
  retry_.cancel();
  deadline_.cancel();
  late_sync_.cancel();
}

}  // namespace overlay::daemon
