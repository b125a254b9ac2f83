// SPDX-License-Identifier: Apache-2.0
// What a check says: how it is, and the cure where it is not well.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace overlay::doctor {

struct Finding {
  enum class State : std::uint8_t {
    ok,
    warn,  // works, but will not under a condition that the text names
    fail,  // something does not work
  };
  State state = State::ok;
  std::string text;
  std::string cure;  // empty when all is well
};

/// At least one, even when all is well.
using Findings = std::vector<Finding>;

inline Finding ok(std::string text) { return {Finding::State::ok, std::move(text), {}}; }
inline Finding warn(std::string text, std::string cure) {
  return {Finding::State::warn, std::move(text), std::move(cure)};
}
inline Finding fail(std::string text, std::string cure) {
  return {Finding::State::fail, std::move(text), std::move(cure)};
}

/// `faults`, or that all is well.
inline Findings or_ok(Findings faults, std::string all_well) {
  if (faults.empty()) faults.push_back(ok(std::move(all_well)));
  return faults;
}

}  // namespace overlay::doctor
