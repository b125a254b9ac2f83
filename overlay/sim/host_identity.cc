// SPDX-License-Identifier: Apache-2.0
// Who a machine is: its disk in other hands, a new identity, and its leaving of the cluster.
#include "overlay/sim/host.h"

namespace overlay::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

Image Host::image() const {
  const auto& entries = disk_.entries();
  return {identity_, {entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(disk_.durable())}};
}

void Host::restore(const Image& image) {
  log("restore", std::to_string(image.entries.size()) + " entries");
  const NodeId before = id_;
  identity_ = image.identity;
  id_ = identity_.node_id();
  disk_.compact(image.entries);
  written_ = reported_ = disk_.size();
  runtime_.disk_fell_back();
  closed_.reset();
  shared_.invariants.disk_replaced(index_, id_, powered_ && id_ == before);
}

/// As the daemon does: the old identity and log are put aside, the new ones are on disk before it starts
/// again.
void Host::carry_out(const node::Rekey& effect) {
  log("rekey", effect.cause + ": " + effect.why);
  config_.rekeyed = effect.why;
  become_another(node_->heirloom());
  start_later(milliseconds(100));
}

void Host::carry_out(const node::Left& /*effect*/) {
  shared_.invariants.left(index_, view(), identity_.public_key, owed_);
  if (node::Node::start(config_, identity_, disk_.entries(), Rng(rng_.next()), clock())) {
    shared_.verdict.fail("left: " + host_name(index_) + ": it starts again from its old state");
  }
  begin_anew();
}

/// Its operator moves the state of the node that has left away and lets the machine join as a new one.
void Host::begin_anew() {
  log("left");
  config_.bootstrap = false;
  config_.bootstrap_expect = 0;
  config_.rekeyed.clear();
  become_another({});
  kernel_.clear();
  start_later(rng_.between(milliseconds(100), seconds(10)));
}

/// The pods of before are cut off.
void Host::become_another(const std::vector<Bytes>& entries) {
  const bool ran = running();
  stop();
  if (ran) shared_.network.daemon_died(index_);
  for (const auto& [key, container] : runtime_.containers())
    shared_.invariants.ended(index_, key, queue().time());
  runtime_.machine_lost(queue().time());
  identity_ = KeyPair::from_seed(rng_.bytes<SecretSeed>());
  id_ = identity_.node_id();
  disk_.compact(entries);
  written_ = reported_ = disk_.size();
  closed_.reset();
  owed_.clear();
  shared_.invariants.identity_replaced(index_);
}

void Host::drain(bool on) {
  if (!running()) return;
  log(on ? "drain" : "undrain");
  if (!on && !view().leaving) {
    closed_.reset();
    closing_.clear();  // an earlier order may be answered only now
  }
  if (on) closing_.insert(last_order_ + 1);
  ask([on](node::Node& node, node::CallId id, Time now) { node.drain(id, on, now); });
}

void Host::leave(bool at_once) {
  if (!running()) return;
  log("leave", at_once ? "at once" : "");
  owed_.clear();
  for (const auto& block : view().blocks) {
    const bool own = block.record.state == ipam::BlockState::owned && block.record.owner == id_;
    if (own && !at_once) owed_.push_back(block.record);
  }
  closing_.insert(last_order_ + 1);
  ask([at_once](node::Node& node, node::CallId id, Time now) { node.leave(id, at_once, now); });
}

/// From now on it takes no pod that it does not know.
void Host::close() {
  closed_.emplace();
  for (const ipam::Lease& lease : view().leases) closed_->insert(lease.key);
}

}  // namespace overlay::sim
