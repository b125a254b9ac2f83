// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/fights.h"

#include <algorithm>

namespace overlay::plan {

void Fights::hold_back(std::vector<Operation>& operations, const Objects& wanted, Time now) {
  std::erase_if(fights_, [now](const auto& entry) {
    const Fight& fight = entry.second;
    return now - fight.last > window + 2 * fight.hold;
  });
  std::erase_if(operations, [&](const Operation& operation) {
    const bool repair = operation.verb != Operation::Verb::remove && wanted.hold(operation.object);
    if (!repair) return false;
    const std::string what(kind(operation.object));
    if (!admit(what + " " + id(operation.object), now)) return true;
    ++repairs_[what];
    return false;
  });
}

bool Fights::admit(const std::string& object, Time now) {
  Fight& fight = fights_.try_emplace(object, Fight{now, now, 0, {}, {}}).first->second;
  if (now < fight.held_until) return false;
  if (fight.hold == Duration() && now - fight.began >= window) {
    fight.began = now;
    fight.repairs = 0;
  }
  fight.last = now;
  if (++fight.repairs > repairs_max) {
    fight.hold = std::clamp(2 * fight.hold, hold_min, hold_max);
    fight.held_until = now + fight.hold;
  }
  return true;
}

std::vector<std::string> Fights::objects(Time now) const {
  std::vector<std::string> out;
  for (const auto& [object, fight] : fights_) {
    if (fight.hold != Duration() && now - fight.last <= window + 2 * fight.hold) out.push_back(object);
  }
  return out;
}

}  // namespace overlay::plan
