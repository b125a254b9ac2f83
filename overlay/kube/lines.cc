// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/lines.h"

namespace overlay::kube {

Result<std::vector<std::string>> Lines::add(std::string_view bytes) {
  std::vector<std::string> out;
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    rest_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (rest_.size() > limit_) break;
    if (!rest_.empty()) out.push_back(std::exchange(rest_, {}));
  }
  if (rest_.size() + bytes.size() > limit_) {
    return fail(Errc::exhausted,
                "the API server sent an object of more than " + std::to_string(limit_) + " bytes");
  }
  rest_ += bytes;
  return out;
}

}  // namespace overlay::kube
