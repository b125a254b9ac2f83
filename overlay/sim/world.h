// SPDX-License-Identifier: Apache-2.0
// A cluster in one process under virtual time: machines that run the real core, the network between them, the
// checks. Everything that happens follows from the options; two worlds of equal options have equal logs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/sim/data_path.h"
#include "overlay/sim/host.h"
#include "overlay/sim/hostile.h"
#include "overlay/sim/interner.h"

namespace overlay::sim {

struct Options {
  std::uint64_t seed = 1;
  std::size_t hosts = 3;
  std::size_t zones = 2;
  /// Started with --bootstrap; all others join n1 and one machine drawn at random.
  std::vector<HostIndex> founders = {0};
  /// More than one: the first so many machines have founded the cluster together before the run begins.
  std::size_t voters = 1;
  /// Not zero: the first so many machines found the cluster together; all have the same command line, but the
  /// misled one, which waits for a correction.
  std::size_t expect = 0;
  std::optional<HostIndex> misled = {};
  std::vector<Prefix> pools = {Prefix::around(Ip::v4(0x0a200000U), 12)};  // 10.32.0.0/12
  int block_length_v4 = 24;
  int block_length_v6 = 64;
  std::size_t most_containers = 24;  // of each machine
  bool choose_voters = false;        // voters grow and are replaced by themselves
  std::uint32_t feature_level = consensus::newest_feature_level;  // that the cluster is founded with
  consensus::Ipam ipam = consensus::Ipam::pool;                   // likewise
  Duration spare_after = std::chrono::minutes(10);                // see node::Config
  Duration quarantine = std::chrono::hours(1);
  std::size_t spares = 0;   // machines that come into play as copies of others
  bool data_paths = false;  // packets are carried, and the paths probed
};

class World {
 public:
  explicit World(Options options);

  // ---- time ----
  Time time() const { return queue_.time(); }
  /// Runs everything due within `span`. False when an invariant broke.
  bool run(Duration span);
  /// Runs until `condition`, looked at after every `step`, holds; false when it did not within `most`, or one
  /// broke.
  bool run_until(const std::function<bool()>& condition, Duration most,
                 Duration step = std::chrono::milliseconds(100));

  // ---- machines ----
  /// Those in play.
  std::size_t size() const { return size_; }
  Host& host(HostIndex index) { return *hosts_[index]; }
  const Host& host(HostIndex index) const { return *hosts_[index]; }
  void start_all();
  /// The misled machine is started again with the command line of all others.
  void correct();
  /// A spare machine comes up with a copy of this one's disk; `with_memory`: with a copy of what runs there
  /// too. False when no machine is left.
  bool copy(HostIndex host, bool with_memory);
  Network& network() { return network_; }
  EventQueue& queue() { return queue_; }
  /// Null without Options::data_paths.
  DataPath* data_path() { return data_path_ ? &*data_path_ : nullptr; }
  /// One more machine, of nobody's friend; it does nothing by itself.
  Hostile& hostile() { return hostile_; }
  const Hostile& hostile() const { return hostile_; }
  /// Cuts both directions between every machine of `group` and every other.
  void cut_off(const std::vector<HostIndex>& group);

  // ---- what must be so in the end ----
  /// Empty when all is well everywhere: everybody runs, is ready and sees all as reachable, all agree on
  /// every record, every kernel routes every block to its owner, no container waits. Else the first thing
  /// that is not.
  std::string unsettled() const;
  /// Empty when packets go everywhere by the best way there is, in full size; else what is not so.
  std::string crooked() const;
  /// The disk of one fell back: it takes no block back until others replace it, which takes longer than a
  /// run, or an operator does something.
  bool lacks_a_voter() const;
  /// Every other machine shows this one as unreachable.
  bool missed(HostIndex gone) const;

  const Options& options() const { return options_; }
  Log& log() { return log_; }
  const Log& log() const { return log_; }
  Verdict& verdict() { return verdict_; }
  const Invariants& invariants() const { return invariants_; }
  /// From now on somebody else signs with its key too, and it is not held to what that one says.
  void share_key(HostIndex host) { invariants_.key_shared(hosts_[host]->id()); }

 private:
  void found_together();
  node::Config config_of(HostIndex index, Rng& rng);
  std::vector<HostPort> founders() const;
  std::string crooked(HostIndex from, const node::View& view) const;
  std::string unsettled(HostIndex index, const node::View& view, const node::View& first) const;

  Options options_;
  Log log_;
  Verdict verdict_;
  EventQueue queue_;
  Network network_;
  std::optional<DataPath> data_path_;
  Invariants invariants_;
  Hostile hostile_;
  Interner interner_;
  std::vector<std::unique_ptr<Host>> hosts_;  // the spares last
  std::size_t size_;
};

}  // namespace overlay::sim
