// SPDX-License-Identifier: Apache-2.0
// What an operator asks of the whole cluster and what that would do, for the local API: plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/base/bytes.h"

namespace overlay::node {

struct ForgetRequest {
  std::vector<std::string> names;  // or ids, of which 8 digits are enough
  std::string heir;                // likewise; empty: none
};

struct ForgetPlan {
  struct Node {
    NodeId id;
    std::string name;
    std::vector<Prefix> blocks;
    bool voter = false;
    bool removed = false;  // already
  };
  std::vector<Node> nodes;
  std::optional<NodeId> heir;
  std::string heir_name;
  std::vector<std::string> voters;  // names of those that would vote from then on
};

struct LeavePlan {
  std::vector<Prefix> blocks;       // it owns, and gives back
  std::vector<std::string> pods;    // that run here
  bool voter = false;               // it votes, and is replaced
  std::vector<std::string> voters;  // names of those that would vote from then on
};

struct ExtendPlan {
  Prefix pool;
  std::uint64_t blocks = 0;  // it adds
  bool done = false;         // it is a pool already
};

struct AssignRequest {
  Prefix prefix;
  std::string owner;  // name, or id, of which 8 digits are enough
};

struct AssignPlan {
  Prefix prefix;
  NodeId owner;
  std::string owner_name;
  std::vector<std::string> holders;  // names of those that hold some of it now
  std::uint64_t above = 0;           // index of the decree that was the newest then
  bool done = false;                 // it is so already
};

}  // namespace overlay::node
