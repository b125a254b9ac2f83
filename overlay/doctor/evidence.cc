// SPDX-License-Identifier: Apache-2.0
#include "overlay/doctor/evidence.h"

#include <algorithm>
#include <charconv>

#include "overlay/plan/objects.h"

namespace overlay::doctor {

std::vector<Prefix> pools(const Evidence& evidence) {
  std::vector<Prefix> out;
  if (evidence.daemon) {
    for (const auto& text : evidence.daemon->status.cluster().pools()) {
      if (const auto pool = Prefix::parse(text)) out.push_back(*pool);
    }
  }
  if (out.empty()) out.push_back(Prefix::parse("10.32.0.0/12").value());
  return out;
}

bool is_ours(const Device& device) { return plan::cluster_of_alias(device.alias).has_value(); }

bool has_overlay(const Evidence& evidence) { return std::ranges::any_of(evidence.devices, is_ours); }

bool has_pool(const Evidence& evidence, Family family) {
  return std::ranges::any_of(pools(evidence),
                             [family](const Prefix& pool) { return pool.family() == family; });
}

const Device* find_device(const Evidence& evidence, const std::string& name) {
  const auto found = std::ranges::find(evidence.devices, name, &Device::name);
  return found == evidence.devices.end() ? nullptr : &*found;
}

int number_of(const Evidence& evidence, const std::string& setting) {
  const auto found = evidence.settings.find(setting);
  int out = 0;
  if (found != evidence.settings.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), out);
  }
  return out;
}

}  // namespace overlay::doctor
