// SPDX-License-Identifier: Apache-2.0
// Goal: whatever goes wrong in whatever order, nothing is promised twice or forgotten, and calm brings
// agreement. Method: seeds; each draws its machines, pools, faults and how often they strike, and replays by
// tools/simulate.
#include <gtest/gtest.h>

#include "overlay/sim/scenario.h"

namespace overlay::sim {
namespace {

// Sanitizers look for other things than rules that break, and take ten times as long.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds = 20;
#else
constexpr std::uint64_t seeds = 200;
#endif

class Swarm : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Swarm, HoldsAllInvariantsAndComesRight) {
  const std::size_t hosts = draw_size(GetParam(), 5, 50);
  const auto report = run(draw_plan(GetParam(), hosts, std::chrono::seconds(72), std::nullopt));
  EXPECT_TRUE(report.good()) << report.broken << "\nreplay: tools/simulate --seed " << GetParam()
                             << " --nodes " << hosts << " --hours 0.02 --faults swarm\nlast events:\n"
                             << [&] {
                                  std::string lines;
                                  for (const auto& line : report.last) lines += "  " + line + "\n";
                                  return lines;
                                }();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Swarm, testing::Range<std::uint64_t>(1000, 1000 + seeds));

}  // namespace
}  // namespace overlay::sim
