// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/alarms.h"

#include "overlay/daemon/clock.h"

namespace overlay::daemon {

void Alarms::raise(const std::string& name, const std::string& text) {
  const auto [alarm, added] = alarms_.try_emplace(name, node::AlarmView{name, text, now()});
  if (!added && alarm->second.text == text) return;
  alarm->second.text = text;
  tell_({node::Event::Level::error, "alarm", name, "", "raised", text});
}

void Alarms::clear(const std::string& name) {
  if (alarms_.erase(name) == 0) return;
  tell_({node::Event::Level::info, "alarm", name, "raised", "cleared", ""});
}

std::vector<node::AlarmView> Alarms::all() const {
  std::vector<node::AlarmView> out;
  for (const auto& [name, alarm] : alarms_) out.push_back(alarm);
  return out;
}

}  // namespace overlay::daemon
