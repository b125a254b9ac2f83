// SPDX-License-Identifier: Apache-2.0
// A container runtime on one machine: ADD, CHECK and DEL in every order a real one has been seen to use, with
// duplicates, time-outs, and retries after the daemon or the machine was gone.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "overlay/base/rng.h"
#include "overlay/node/io.h"

namespace overlay::sim {

enum class Verb : std::uint8_t { add, check, del, collect };

struct Request {
  node::CallId call;
  Verb verb;
  ipam::LeaseKey key;
};

struct Container {
  enum class State : std::uint8_t { adding, live, deleting } state = State::adding;
  std::vector<Ip> addresses;         // once live
  Time retry_at;                     // when the call for the present state is made (again)
  std::optional<node::CallId> call;  // the one under way for the present state
  bool doubted = false;              // the daemon may have forgotten it: its disk fell back
};

/// What came of an answer, for the books of the invariants.
struct Outcome {
  enum class Kind : std::uint8_t { nothing, became_live, broken } kind = Kind::nothing;
  ipam::LeaseKey key;
  std::string text;  // broken: what the contract of the CNI does not allow
};

class Runtime {
 public:
  Runtime(Rng rng, std::size_t most) : rng_(rng), most_(most) {}

  /// How many containers the orchestrator wants here from now on, at most.
  void want(std::size_t most) { most_ = most; }
  /// One random act of the orchestrator: a new container, the end of one, a CHECK, a needless repetition.
  void act(Time now);
  /// One more container of this name.
  void add(const std::string& container, Time now);
  void remove(const std::string& container, Time now);
  void remove_all(Time now);
  /// The calls that are due; `ended` gets the keys of the containers that are no longer alive from now on.
  std::vector<Request> due(Time now, std::vector<ipam::LeaseKey>& ended);
  Time next_deadline() const;
  Outcome answered(const node::Answer& answer, Time now);
  /// The daemon died, or was not there: nothing is known of what was under way.
  void calls_lost(Time now);
  /// What lives here may be unknown to the daemon from now on.
  void disk_fell_back();
  /// All processes of the machine are gone; what they held is to be cleared up.
  void machine_lost(Time now);

  const std::map<ipam::LeaseKey, Container>& containers() const { return containers_; }
  /// Nothing is under way or waits to be tried again.
  bool settled() const;

 private:
  struct Underway {
    Verb verb;
    ipam::LeaseKey key;
    Time since;
  };
  Request request(Verb verb, const ipam::LeaseKey& key, Time now);
  void retry(Container& container, Time now);
  Outcome added(const ipam::LeaseKey& key, const node::Answer& answer, Time now);
  Outcome checked(const ipam::LeaseKey& key, const node::Answer& answer, Time now);
  void deleted(const ipam::LeaseKey& key, const node::Answer& answer, Time now);
  std::optional<ipam::LeaseKey> any(Container::State state);

  Rng rng_;
  std::size_t most_;
  std::uint64_t made_ = 0;
  node::CallId next_call_ = 1;
  std::map<ipam::LeaseKey, Container> containers_;
  std::map<node::CallId, Underway> underway_;
  std::vector<std::pair<Verb, ipam::LeaseKey>> extra_;  // calls no state asks for
};

}  // namespace overlay::sim
