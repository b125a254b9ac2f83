// SPDX-License-Identifier: Apache-2.0
// What it means to forget nodes, for the local API: plain data.
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

}  // namespace overlay::node
