// SPDX-License-Identifier: Apache-2.0
// The search for a way around: which peers to ask whether they reach another one, and what they said. Pure.
//
// A few at a time, the quickest first and then at random, for what is near may share the trouble. Who was
// asked in vain is not asked again before all others were; one that did not do what it had promised, not for
// a while. How long is left to chance: it may have done it, and the relay of the other end may not.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/rng.h"
#include "overlay/base/time.h"

namespace overlay::paths {

/// "Do you reach these?"; the answer shows the same nonce.
struct Question {
  NodeId to;
  std::uint64_t nonce = 0;
  std::vector<NodeId> about;
};

class Relays {
 public:
  static constexpr std::size_t at_once_max = 3;                                 // are asked about one peer
  static constexpr std::size_t about_max = 64;                                  // peers in one question
  static constexpr std::size_t questions_max = 8;                               // in one go
  static constexpr Duration question_interval = std::chrono::milliseconds(50);  // on an average
  static constexpr Duration patience = std::chrono::seconds(1);
  /// So many goes soon after another, then ever more rarely.
  static constexpr int eager_goes = 4;
  static constexpr Duration pause_min = std::chrono::seconds(1);
  static constexpr Duration pause_max = std::chrono::seconds(60);
  static constexpr Duration rejected_min = std::chrono::seconds(2);
  static constexpr Duration rejected_max = std::chrono::seconds(20);

  explicit Relays(Rng rng) : rng_(rng) {}

  /// A way to this peer is wanted; nothing changes, and false, where one is searched for already.
  bool want(const NodeId& peer, Time now);
  /// None is any more: whatever is still answered about it is void.
  void forget(const NodeId& peer) { searches_.erase(peer); }
  /// The relay that was found does not work: another is searched for.
  void reject(const NodeId& peer, const NodeId& relay, Time now);
  /// It works again: none is searched for.
  void keep(const NodeId& peer);

  Time next_deadline() const;
  /// What to ask now; `candidates` in the order in which they are to be asked. Call when it is time.
  /// Up to `at_once` about one peer.
  std::vector<Question> ask(const std::vector<NodeId>& candidates, std::size_t at_once, Time now);
  /// The peers that `from` is now the relay for.
  std::vector<NodeId> hear(const NodeId& from, std::uint64_t nonce, const std::vector<NodeId>& reached,
                           Time now);

 private:
  struct Search {
    std::uint64_t number = 0;  // another search for the same peer has another
    Time due;                  // Time::max(): a relay was found
    std::set<NodeId> tried;
    std::map<NodeId, Time> rejected;  // until then
    std::size_t awaited = 0;
    int goes = 0;
    Duration pause = pause_min;
  };
  struct Asked {
    NodeId whom;
    std::map<NodeId, std::uint64_t> about;  // and the number of the search
    Time expires;
  };

  Question* question_to(const NodeId& candidate, std::vector<Question>& out);
  bool ask_about(const NodeId& peer, Search& search, const std::vector<NodeId>& candidates,
                 std::size_t at_once, std::vector<Question>& out, Time now);

  Rng rng_;
  std::uint64_t searches_begun_ = 0;
  std::map<NodeId, Search> searches_;
  std::map<std::uint64_t, Asked> asked_;
  Time not_before_{};
};

}  // namespace overlay::paths
