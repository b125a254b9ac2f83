// SPDX-License-Identifier: Apache-2.0
// The chain of decrees of one cluster, which begins with genesis: who votes, who holds which seat, who is out
// for ever, what the pools are. It grows by decrees that were checked.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "overlay/consensus/decree.h"

namespace overlay::consensus {

/// That a node was removed, and by which decree.
struct Removal {
  std::uint64_t index = 0;
  std::string name;
  std::optional<NodeId> heir;

  friend bool operator==(const Removal&, const Removal&) = default;
};

class Chain {
 public:
  /// `id` is the hash of the genesis as it was first encoded; `genesis` is valid.
  Chain(Genesis genesis, const ClusterId& id);

  const ClusterId& cluster() const { return id_; }
  const Genesis& genesis() const { return genesis_; }
  /// The VNI in force: given at genesis, or derived from the cluster id.
  std::uint32_t vni() const;

  // ---- growing ----
  /// May this decree come next? Errc::unavailable: it cannot be judged before a predecessor that is not here.
  /// Errc::exists: it is in the chain already, or a recovery has overtaken it. Errc::conflict: it is proved,
  /// and so is another one of its index that the chain has. Errc::invalid: it was never decided.
  [[nodiscard]] Status check(const Decree& decree, const Proof& proof) const;
  /// May `decree`, which nobody has decided yet, be the next? Errc::invalid says what is wrong with it.
  [[nodiscard]] Status fits(const Decree& decree) const;
  /// May the next decree say this? Errc::invalid is a sentence for whoever asked for it.
  [[nodiscard]] Status fits(const Change& change) const;
  /// Takes a decree that passed check(). A recovery displaces what came after its predecessor; returned are
  /// the indexes of those.
  std::vector<std::uint64_t> add(const Decree& decree);

  // ---- decrees ----
  /// Index of the newest decree: the term of ownership changes made now.
  std::uint64_t term() const { return decrees_.empty() ? 0 : decrees_.back().index; }
  /// Of the newest decree.
  Digest hash() const;
  /// All but genesis, in their order.
  const std::vector<Decree>& decrees() const { return decrees_; }
  /// The index is of a decree of this chain.
  bool has(std::uint64_t index) const;

  // ---- what they say ----
  /// By position. Of decree `index`: empty for one that the chain does not have.
  const std::vector<PublicKey>& voters() const { return voters(term()); }
  const std::vector<PublicKey>& voters(std::uint64_t index) const;
  /// The key is of a voter now.
  bool is_voter(const PublicKey& key) const;
  /// Who may sign changes in this seat's space under decree `index`; nothing for a seat or decree there is
  /// not.
  std::optional<PublicKey> holder(std::uint32_t seat) const { return holder(seat, term()); }
  std::optional<PublicKey> holder(std::uint32_t seat, std::uint64_t index) const;
  /// The seats this voter holds, ascending; none for a node that is no voter.
  std::vector<std::uint32_t> seats_of(const PublicKey& voter) const;
  /// Sorted: those of genesis and what decrees added.
  const std::vector<Prefix>& pools() const { return pools_; }
  std::optional<Removal> removed(const NodeId& node) const;
  const std::map<NodeId, Removal>& all_removed() const { return removed_; }
  /// Who stands for `node`: itself, or when it was removed its heir, or that one's; nothing when nobody does.
  std::optional<NodeId> successor(const NodeId& node) const;
  /// Prefixes whose owner a decree has settled, with the decree's index; a later one counts.
  struct Assigned {
    std::uint64_t index = 0;
    NodeId owner;
  };
  const std::map<Prefix, Assigned>& assigned() const { return assigned_; }
  std::uint32_t feature_level() const { return feature_level_; }
  /// What of a change is not so yet.
  Change unmet(const Change& change) const;

 private:
  const Decree* find(std::uint64_t index) const;
  Chain up_to(std::uint64_t index) const;
  Status check_proof(const Decree& decree, const Proof& proof) const;
  Status extend(std::vector<Prefix>& pools, const Change& change) const;
  void apply(const Decree& decree);
  void apply_all();

  Genesis genesis_;
  ClusterId id_;
  std::vector<Decree> decrees_;
  std::vector<Prefix> pools_;
  std::map<NodeId, Removal> removed_;
  std::map<Prefix, Assigned> assigned_;
  std::uint32_t feature_level_ = 0;
};

}  // namespace overlay::consensus
