// SPDX-License-Identifier: Apache-2.0
// Goal: what a disk has lost for good stays lost without harm.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"
#include "overlay/wire/log_entry.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

/// What a disk that lies, or a file system check, may leave of a log: its beginning.
TEST(Losses, AHostWhoseLogHasLostItsEndComesRight) {
  for (std::size_t kept = 1;; ++kept) {
    World world({.seed = 600 + kept, .hosts = 3});
    world.start_all();
    ASSERT_TRUE(comes_right(world, 30s));
    for (int i = 0; i < 4; ++i) world.host(1).runtime().add("c" + std::to_string(i), world.time());
    world.host(1).poke_runtime();
    ASSERT_TRUE(comes_right(world, 5s));
    Image image = world.host(1).image();
    if (kept >= image.entries.size()) break;
    // As in a log that was compacted, the numbers of peers stand behind their records.
    std::ranges::stable_partition(image.entries, [](const Bytes& entry) {
      return !std::holds_alternative<wire::PeerIndexEntry>(wire::decode_entry(entry).value());
    });
    image.entries.resize(kept);
    world.host(1).power_off();
    world.host(1).restore(image);
    world.host(1).start();
    ASSERT_TRUE(comes_right(world, 60s)) << "with " << kept << " entries";
    ASSERT_EQ(world.verdict().text(), "") << "with " << kept << " entries";
  }
}

}  // namespace
}  // namespace overlay::sim
