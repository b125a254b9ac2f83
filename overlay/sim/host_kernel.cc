// SPDX-License-Identifier: Apache-2.0
// What a simulated machine does with its kernel, and sees in it.
#include "overlay/sim/host.h"

namespace overlay::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The daemon looks at its kernel this often without being asked to.
constexpr auto reconcile_period = seconds(30);
constexpr auto reconcile_after_failure = seconds(1);
/// Pods without an interface are looked for this often.
constexpr auto look_period = seconds(5);

}  // namespace

void Host::carry_out(const node::ReconcileKernel& /*effect*/) {
  changed_ = true;
  begin_reconcile();
}

void Host::begin_reconcile() {
  reconcile_again_ = reconciling_;
  if (reconciling_) return;
  reconciling_ = true;
  later(rng_.between(microseconds(200), milliseconds(10)), [this] { reconcile(); });
}

void Host::reconcile_always() {
  later(reconcile_period, [this] {
    begin_reconcile();
    reconcile_always();
  });
}

/// Whoever lives has one; whoever is deleted has none. While the disk takes nothing nobody is judged by that:
/// those whose ADD waits for it are still to have one.
void Host::look_at_interfaces() {
  later(look_period, [this] { look_at_interfaces(); });
  if (!unwritten_.empty()) return;
  std::set<std::string> present;
  for (const auto& [key, container] : runtime_.containers()) {
    if (container.state == Container::State::live) present.insert(host_interface(key));
  }
  step([&](node::Node& node) { node.interfaces_seen(present, clock()); });
}

void Host::reconcile() {
  reconciling_ = false;
  const bool again = std::exchange(reconcile_again_, false);
  const auto intent = node_->intent();
  if (!intent) return;
  if (again) begin_reconcile();
  if (temper_.kernel_fails_one_in != 0 && rng_.one_in(temper_.kernel_fails_one_in)) {
    log("reconcile", "failed");
    later(reconcile_after_failure, [this] { begin_reconcile(); });
    const Status failed = fail(Errc::io, "netlink: no buffer space available");
    return step([&](node::Node& node) { node.kernel_reconciled(failed, clock()); });
  }
  const auto lost = kernel_.reconcile(*intent);
  if (!lost.empty()) shared_.invariants.routes_lost(index_, view(), lost);
  if (shared_.data_path != nullptr)
    shared_.invariants.ways_changed(index_, shared_.data_path->loop_from(index_));
  log("reconcile", std::to_string(kernel_.routes().size()) + " routes");
  step([&](node::Node& node) { node.kernel_reconciled({}, clock()); });
}

}  // namespace overlay::sim
