// SPDX-License-Identifier: Apache-2.0
// A whole run: start, rounds of trouble each followed by a calm in which everything must come right, and an
// end in which every container goes and nothing may be left over.
#pragma once

#include <functional>
#include <string>

#include "overlay/sim/faults.h"

namespace overlay::sim {

struct Plan {
  Options options;
  Faults faults;
  Duration length = std::chrono::hours(1);
  bool trouble_from_start = false;  // before there is a cluster
  std::size_t events = 120;         // how many of the last are told of when it breaks
};

/// How many machines a seed has, from `least` to `most`: each doubling is half as likely as the one before,
/// for small runs are quick and find as much.
std::size_t draw_size(std::uint64_t seed, std::size_t least, std::size_t most);

/// The plan of a seed, for `hosts` machines: pools, lengths and who joins whom are drawn; `faults` too where
/// none given.
Plan draw_plan(std::uint64_t seed, std::size_t hosts, Duration length, const std::optional<Faults>& faults);

struct Report {
  std::string broken;  // empty: nothing
  std::uint64_t steps = 0;
  std::uint64_t hash = 0;
  std::uint64_t rounds = 0;
  Duration slowest_calm{};  // of all rounds: from the heal until all was well
  std::map<std::string, std::uint64_t> checked;
  std::vector<std::string> last;  // lines of the log, when broken

  bool good() const { return broken.empty(); }
};

/// How long after the heal all must be well.
inline constexpr auto calm_limit = std::chrono::seconds(60);

/// `progress`, where given, is told a line now and then.
Report run(const Plan& plan, const std::function<void(const std::string&)>& progress = {});

}  // namespace overlay::sim
