// SPDX-License-Identifier: Apache-2.0
// The parts of a node put together; node.cc feeds them, replay.cc, intent.cc and view.cc read them.
#pragma once

#include "overlay/node/blocks.h"
#include "overlay/node/cluster.h"
#include "overlay/node/context.h"
#include "overlay/node/departure.h"
#include "overlay/node/exposure.h"
#include "overlay/node/grants.h"
#include "overlay/node/paths.h"
#include "overlay/node/pods.h"
#include "overlay/node/proposals.h"
#include "overlay/node/registration.h"
#include "overlay/node/registry.h"
#include "overlay/node/targets.h"
#include "overlay/node/wishes.h"

namespace overlay::node {

class Node::Impl {
 public:
  Impl(Config config, const KeyPair& identity, Rng rng, Time now)
      : context(std::move(config), identity, rng, now),
        cluster(context),
        decrees(context),
        proposals(context, decrees),
        wishes(context, decrees),
        quorum(context),
        takeover(context, quorum),
        grants(context, quorum, takeover),
        forks(context),
        blocks(context, quorum, forks),
        registry(context, quorum),
        registration(context, blocks),
        departure(context),
        targets(context),
        pods(context),
        exposure(context),
        paths(context, Rng(context.rng.next())) {
    context.learns_from = [this](const NodeId& voter) {
      return takeover.learns_from(voter) || registry.learns_from(voter);
    };
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Takes up an earlier life's entries, in order.
  [[nodiscard]] Status replay(const std::vector<Bytes>& entries, Time now);
  std::vector<Bytes> snapshot() const;
  std::vector<Bytes> heirloom() const;
  std::optional<plan::Intent> intent() const;
  std::optional<plan::Peer> planned_peer(const NodeId& node) const;
  View view(bool all_blocks) const;
  std::vector<LinkedView> linked() const;
  Pulse pulse() const;
  /// Empty: the node can serve an ADD.
  std::vector<std::string> waiting_for() const;

  /// Sets the mesh going when the log has been replayed.
  void mesh_start(Time now);
  /// Draws the consequences of an input: applies what the mesh delivered, keeps timers, gathers outputs.
  void settle(Time now);
  /// The same when only the mesh was concerned, which is most of the time: the other parts are looked at when
  /// it tells, when one of them is due, and every second.
  void settle_mesh(Time now);
  /// The same for what concerns paths alone, of which there is much.
  void settle_paths(Time now);
  /// When something else than paths is due.
  Time next_deadline() const;

  Context context;
  Cluster cluster;
  Decrees decrees;
  Proposals proposals;
  Wishes wishes;
  Quorum quorum;
  Takeover takeover;
  Grants grants;
  Forks forks;
  Blocks blocks;
  Registry registry;
  Registration registration;
  Departure departure;
  Targets targets;
  Pods pods;
  Exposure exposure;
  Paths paths;

 private:
  [[nodiscard]] Status replay(const wire::LogEntry& entry, std::vector<wire::Record>& records, Time now);
  [[nodiscard]] Status replay_kept(const Bytes& envelope);
  void replay_registration(const wire::LogEntry& entry);
  [[nodiscard]] Status replay_record(const Bytes& envelope, std::vector<wire::Record>& records);
  void make_mesh(std::vector<wire::Record> records, Time now);
  Status judge(const wire::Record& record) const;
  Time parts_due() const;
  bool is_in_force(const wire::Record& record) const;
  std::vector<const wire::Record*> known_records() const;
  void apply(const wire::Record& record, Time now);
  void apply_fresh(Time now);
  void hear(const Heard& heard, Time now);
  void hear_of_decrees(const Heard& heard, Time now);
  void hear_of_registrations(const Heard& heard, Time now);
  bool is_muted(const Heard& heard) const;
  void describe(Time now);
  void know_peer(const wire::Record& record);
  void number_peer(const NodeId& node);
  void gather();
  void ask_for_reconcile();
  bool sees_all() const;  // alone, or with all that the others know
  void report_readiness();

  Time look_due;  // at the parts beside the mesh
  bool was_ready = false;
  bool whole = false;   // sees_all(), when last looked at
  bool lacking = true;  // a block's owner was not known when all was last to be reconciled
};

}  // namespace overlay::node
