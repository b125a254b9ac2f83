// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/chain.h"

#include <algorithm>
#include <set>

#include "overlay/addr/mac.h"

namespace overlay::consensus {
namespace {

constexpr std::uint32_t level_of_assignments = 1;

std::string numbered(const Decree& decree) { return "decree " + std::to_string(decree.index); }

}  // namespace

Chain::Chain(Genesis genesis, const ClusterId& id) : genesis_(std::move(genesis)), id_(id) { apply_all(); }

std::uint32_t Chain::vni() const { return genesis_.vni != 0 ? genesis_.vni : vni_of(id_); }

// ---- growing ----

Status Chain::check(const Decree& decree, const Proof& proof) const {
  OVERLAY_CHECK(validate(decree));
  if (const Decree* held = find(decree.index)) {
    if (held->hash == decree.hash) return fail(Errc::exists, numbered(decree) + " is known");
    OVERLAY_CHECK(check_proof(decree, proof));
    return fail(Errc::conflict, "two values of " + numbered(decree) + ", each proved");
  }
  if (generation_of(decree.index) < generation_of(term())) {
    return fail(Errc::exists, numbered(decree) + " was overtaken by a recovery");
  }
  if (!has(decree.follows)) {
    return fail(Errc::unavailable, numbered(decree) + " follows decree " + std::to_string(decree.follows) +
                                       ", which has not come yet");
  }
  // What a recovery displaces has no say in whether it is good, or nodes that never heard of it would differ.
  if (decree.is_recovery() && decree.follows != term()) return up_to(decree.follows).check(decree, proof);
  OVERLAY_CHECK(fits(decree));
  return check_proof(decree, proof);
}

Status Chain::fits(const Decree& decree) const {
  OVERLAY_CHECK(validate(decree));
  if (decree.follows != term() || decree.previous != hash()) {
    return fail(Errc::invalid, numbered(decree) + ", which does not follow from this chain");
  }
  for (const PublicKey& voter : decree.voters) {
    if (!removed(hash_id<NodeId>(voter.view()))) continue;
    return fail(Errc::invalid, numbered(decree) + ", which makes a removed node a voter");
  }
  Status good = fits(decree.change);
  if (!good) return with_context(numbered(decree), std::move(good).error());
  return {};
}

Status Chain::fits(const Change& change) const {
  for (const RemovedNode& node : change.removed) {
    if (removed(node.node) || (node.heir && removed(*node.heir))) {
      return fail(Errc::invalid, "it names a node that was removed before");
    }
  }
  if (change.feature_level && *change.feature_level < feature_level_) {
    return fail(Errc::invalid, "it lowers the feature level");
  }
  std::vector<Prefix> pools = pools_;
  OVERLAY_CHECK(extend(pools, change));
  if (!change.assigned.empty() && feature_level_ < level_of_assignments) {
    return fail(Errc::invalid, "not every member can do with assigned prefixes yet: upgrade every overlayd");
  }
  for (const Assignment& assignment : change.assigned) {
    const auto holds = [&](const Prefix& pool) { return pool.contains(assignment.prefix); };
    if (std::any_of(pools.begin(), pools.end(), holds)) continue;
    return fail(Errc::invalid, "no pool holds " + assignment.prefix.text());
  }
  return {};
}

Status Chain::extend(std::vector<Prefix>& pools, const Change& change) const {
  for (const Prefix& pool : change.pools) {
    const int length = genesis_.block_length(pool.family());
    if (pool.length() > length) {
      return fail(Errc::invalid, "the pool " + pool.text() + " is smaller than one block, a /" +
                                     std::to_string(length) + "; give a larger one");
    }
    for (const Prefix& other : pools) {
      if (!other.overlaps(pool)) continue;
      return fail(Errc::invalid, "the pool " + pool.text() + " overlaps the pool " + other.text());
    }
    pools.push_back(pool);
  }
  if (pools.size() <= max_prefixes) return {};
  return fail(Errc::invalid,
              "a cluster has at most " + std::to_string(max_prefixes) + " pools; add fewer, larger ones");
}

/// Signatures of a majority of the voters of the decree before, all for this very value in one ballot. A
/// recovery has lost them: one member's does.
Status Chain::check_proof(const Decree& decree, const Proof& proof) const {
  const auto unproved = [&](const std::string& why) {
    return fail(Errc::invalid, numbered(decree) + ", " + why);
  };
  const auto& electors = voters(decree.follows);
  const Bytes statement = accept_statement(id_, decree.index, proof.ballot, decree.hash);
  std::set<PublicKey> accepted;
  for (const AcceptSignature& by : proof.accepted) {
    const bool may = decree.is_recovery()
                         ? by.voter == proof.ballot.proposer && !removed(hash_id<NodeId>(by.voter.view()))
                         : std::find(electors.begin(), electors.end(), by.voter) != electors.end();
    if (!may) return unproved("accepted by a node that does not vote on it");
    if (!verify(by.voter, statement, by.signature)) return unproved("with a signature that does not verify");
    accepted.insert(by.voter);
  }
  const std::size_t needed = decree.is_recovery() ? 1 : majority_of(electors.size());
  if (accepted.size() >= needed) return {};
  return unproved("accepted by " + std::to_string(accepted.size()) + " of " +
                  std::to_string(electors.size()) + " voters, which is no majority");
}

Chain Chain::up_to(std::uint64_t index) const {
  Chain out(genesis_, id_);
  for (const Decree& decree : decrees_) {
    if (decree.index <= index) out.add(decree);
  }
  return out;
}

std::vector<std::uint64_t> Chain::add(const Decree& decree) {
  std::vector<std::uint64_t> displaced;
  while (term() > decree.follows) {
    displaced.push_back(term());
    decrees_.pop_back();
  }
  if (!displaced.empty()) apply_all();
  decrees_.push_back(decree);
  apply(decree);
  return displaced;
}

void Chain::apply_all() {
  pools_ = genesis_.pools;
  removed_.clear();
  assigned_.clear();
  feature_level_ = genesis_.feature_level;
  for (const Decree& decree : decrees_) apply(decree);
}

void Chain::apply(const Decree& decree) {
  const Change& change = decree.change;
  for (const RemovedNode& node : change.removed) removed_[node.node] = {decree.index, node.name, node.heir};
  pools_.insert(pools_.end(), change.pools.begin(), change.pools.end());
  std::sort(pools_.begin(), pools_.end());
  for (const Assignment& assignment : change.assigned) {
    assigned_[assignment.prefix] = {decree.index, assignment.owner};
  }
  if (change.feature_level) feature_level_ = *change.feature_level;
}

// ---- decrees ----

const Decree* Chain::find(std::uint64_t index) const {
  const auto at = std::lower_bound(decrees_.begin(), decrees_.end(), index,
                                   [](const Decree& decree, std::uint64_t i) { return decree.index < i; });
  return at != decrees_.end() && at->index == index ? &*at : nullptr;
}

bool Chain::has(std::uint64_t index) const { return index == 0 || find(index) != nullptr; }

Digest Chain::hash() const { return decrees_.empty() ? hash_of_genesis(id_) : decrees_.back().hash; }

// ---- what they say ----

const std::vector<PublicKey>& Chain::voters(std::uint64_t index) const {
  static const std::vector<PublicKey> none;
  if (index == 0) return genesis_.voters;
  const Decree* decree = find(index);
  return decree != nullptr ? decree->voters : none;
}

bool Chain::is_voter(const PublicKey& key) const {
  return std::find(voters().begin(), voters().end(), key) != voters().end();
}

std::optional<PublicKey> Chain::holder(std::uint32_t seat, std::uint64_t index) const {
  const auto& holders = voters(index);
  if (seat >= genesis_.seats || holders.empty()) return std::nullopt;
  return holders[seat % holders.size()];
}

std::vector<std::uint32_t> Chain::seats_of(const PublicKey& voter) const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t seat = 0; seat < genesis_.seats; ++seat) {
    if (holder(seat) == voter) out.push_back(seat);
  }
  return out;
}

std::optional<Removal> Chain::removed(const NodeId& node) const {
  const auto found = removed_.find(node);
  if (found == removed_.end()) return std::nullopt;
  return found->second;
}

Change Chain::unmet(const Change& change) const {
  Change out = change;
  std::erase_if(out.removed, [&](const RemovedNode& node) { return removed_.contains(node.node); });
  std::erase_if(out.pools, [&](const Prefix& pool) {
    return std::find(pools_.begin(), pools_.end(), pool) != pools_.end();
  });
  std::erase_if(out.assigned, [&](const Assignment& assignment) {
    const auto found = assigned_.find(assignment.prefix);
    return found != assigned_.end() && found->second.owner == assignment.owner &&
           found->second.index > assignment.above;
  });
  if (out.feature_level && *out.feature_level <= feature_level_) out.feature_level.reset();
  return out;
}

std::optional<NodeId> Chain::successor(const NodeId& node) const {
  // An heir is removed, if ever, by a later decree than the one that named it: this ends.
  std::optional<NodeId> at = node;
  while (at) {
    const auto found = removed_.find(*at);
    if (found == removed_.end()) return at;
    at = found->second.heir;
  }
  return std::nullopt;
}

}  // namespace overlay::consensus
