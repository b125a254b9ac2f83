// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/spec_version.h"

#include <algorithm>

namespace overlay::cni {

std::string_view text(SpecVersion version) {
  switch (version) {
    case SpecVersion::v0_3_0:
      return "0.3.0";
    case SpecVersion::v0_3_1:
      return "0.3.1";
    case SpecVersion::v0_4_0:
      return "0.4.0";
    case SpecVersion::v1_0_0:
      return "1.0.0";
    case SpecVersion::v1_1_0:
      return "1.1.0";
  }
  return {};
}

std::optional<SpecVersion> parse_spec_version(std::string_view wanted) {
  const auto found = std::find_if(all_spec_versions.begin(), all_spec_versions.end(),
                                  [wanted](SpecVersion version) { return text(version) == wanted; });
  if (found == all_spec_versions.end()) return std::nullopt;
  return *found;
}

}  // namespace overlay::cni
