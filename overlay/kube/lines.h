// SPDX-License-Identifier: Apache-2.0
// A watch answers one JSON object a line, for as long as it lasts: cuts lines out of what has arrived.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace overlay::kube {

class Lines {
 public:
  explicit Lines(std::size_t limit) : limit_(limit) {}

  /// The lines that `bytes` completes; empty ones are left out. Errc::exhausted when one exceeds the limit.
  [[nodiscard]] Result<std::vector<std::string>> add(std::string_view bytes);

 private:
  std::size_t limit_;
  std::string rest_;
};

}  // namespace overlay::kube
