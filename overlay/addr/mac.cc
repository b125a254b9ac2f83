// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/mac.h"

#include <algorithm>

namespace overlay {
std::string text(const Mac& mac) {
  std::string out;
  for (std::size_t i = 0; i < Mac::size; ++i) {
    if (i != 0) out += ':';
    out += to_hex(mac.view().substr(i, 1));
  }
  return out;
}

Result<Mac> parse_mac(std::string_view text) {
  std::string digits(text);
  digits.erase(std::remove(digits.begin(), digits.end(), ':'), digits.end());
  if (text.size() != 17 || digits.size() != 12) {
    return fail(Errc::invalid, "'" + std::string(text) + "' is not a MAC address");
  }
  return Mac::from_hex_text(digits);
}

}  // namespace overlay
