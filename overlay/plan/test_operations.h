// SPDX-License-Identifier: Apache-2.0
// What tests ask of operations.
#pragma once

#include "overlay/plan/diff.h"

namespace overlay::plan {

inline std::vector<std::string> texts(const std::vector<Operation>& operations) {
  std::vector<std::string> out;
  for (const Operation& operation : operations) out.push_back(operation.text());
  return out;
}

}  // namespace overlay::plan
