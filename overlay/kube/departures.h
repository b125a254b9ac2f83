// SPDX-License-Identifier: Apache-2.0
// Which members are gone for good, because their Node is, or because another member is their Node now: a
// machine that lost its state comes back as a new member. Compared as whole lists, so no missed event
// matters, and by UID, so a Node that was made anew under the old name is another.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "overlay/base/time.h"

namespace overlay::kube {

struct Member {
  std::string id;  // of the overlay node
  std::string name;
  std::string uid;  // of its Node; empty: it runs elsewhere, and is never missed
  bool is_reached = true;
};

struct Departure {
  Member member;
  bool is_replaced = false;  // its Node is there
};

class Departures {
 public:
  explicit Departures(Duration grace) : grace_(grace) {}

  /// The members that have been gone for the grace. `uids` are those of all Nodes there are; a list without
  /// this node's own is not believed.
  std::vector<Departure> look(const std::vector<Member>& members, const std::set<std::string>& uids,
                              const std::string& own_uid, Time now);
  /// This node did not look for a while: what it saw before counts no more.
  void forget() { missing_since_.clear(); }

 private:
  Duration grace_;
  std::map<std::string, Time> missing_since_;  // by the member's id
};

}  // namespace overlay::kube
