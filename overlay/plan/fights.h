// SPDX-License-Identifier: Apache-2.0
// Tells a repair from a fight: an object that somebody else keeps changing back is repaired at once a few
// times and then ever more rarely, so that two programs do not wear out a host with it. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "overlay/base/time.h"
#include "overlay/plan/diff.h"

namespace overlay::plan {

class Fights {
 public:
  /// So many repairs of one object within the window are nobody's accident.
  static constexpr int repairs_max = 10;
  static constexpr Duration window = std::chrono::minutes(1);
  /// Then it is left as it is for this long, and twice as long after each further repair.
  static constexpr Duration hold_min = std::chrono::seconds(10);
  static constexpr Duration hold_max = std::chrono::minutes(5);

  /// Leaves out of `operations` what is not to be repaired now. A repair is an operation whose outcome was
  /// `wanted` before, when the kernel was found or made to hold it.
  void hold_back(std::vector<Operation>& operations, const Objects& wanted, Time now);

  /// Repairs since the last call, by the kind of object.
  std::map<std::string, int> take_repairs() { return std::exchange(repairs_, {}); }

  /// What is fought over, "route 10.32.1.0/24", sorted; until it has been left in peace for a while.
  std::vector<std::string> objects(Time now) const;

 private:
  struct Fight {
    Time began;
    Time last;
    int repairs = 0;
    Duration hold{};  // zero: not a fight yet
    Time held_until;
  };

  bool admit(const std::string& object, Time now);

  std::map<std::string, Fight> fights_;
  std::map<std::string, int> repairs_;
};

}  // namespace overlay::plan
