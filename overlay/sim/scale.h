// SPDX-License-Identifier: Apache-2.0
// How the core does with N nodes: all started within a minute, left alone, told of a change, cut into halves,
// healed.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "overlay/sim/crowd.h"

namespace overlay::sim {

struct ScaleFigures {
  std::size_t nodes = 0;
  Duration all_started{};         // since the first start, until the last
  Duration complete{};            // since the last start: everybody has a block, a lease and a full view
  std::uint64_t start_peak = 0;   // bytes a second, of any node, until then
  std::uint64_t start_bytes = 0;  // of the average node, until then
  double idle_mean = 0;           // bytes a second a node
  double idle_most = 0;           // of the node that sends most
  std::size_t links_most = 0;
  double links_mean = 0;
  Duration change_median{}, change_p99{}, change_most{};  // until a node has heard of another's change
  Duration cut_seen{};                                    // until each half knows that the other is gone
  Duration healed{};                                      // until all have one view again
  std::uint64_t heal_peak = 0;
  std::uint64_t events = 0;
  std::string broken;  // empty: nothing was
};

/// `progress` is told a line now and then.
ScaleFigures run_scale(std::uint64_t seed, std::size_t nodes,
                       const std::function<void(const std::string&)>& progress);

/// The figures as a line of a Markdown table, and the table's head.
std::string scale_head();
std::string scale_row(const ScaleFigures& figures);

}  // namespace overlay::sim
