// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/json_text.h"

namespace overlay::ctl {

namespace {

constexpr std::string_view spaces = " \t\r\n";

/// The position after the string that starts at `start`, its quotes included.
std::size_t end_of_string(std::string_view json, std::size_t start) {
  for (std::size_t i = start + 1; i < json.size(); ++i) {
    if (json[i] == '\\')
      ++i;
    else if (json[i] == '"')
      return i + 1;
  }
  return json.size();
}

bool closes_at_once(std::string_view json, std::size_t open) {
  const auto next = json.find_first_not_of(spaces, open + 1);
  return next != std::string_view::npos && (json[next] == '}' || json[next] == ']');
}

}  // namespace

std::string indented(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  const auto new_line = [&] { out += "\n" + std::string(2 * depth, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (spaces.find(c) != std::string_view::npos) continue;
    if (c == '"') {
      const auto end = end_of_string(json, i);
      out += json.substr(i, end - i);
      i = end - 1;
    } else if ((c == '{' || c == '[') && closes_at_once(json, i)) {
      i = json.find_first_not_of(spaces, i + 1);
      out += c;
      out += json[i];
    } else if (c == '{' || c == '[') {
      out += c;
      ++depth;
      new_line();
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1 : 0;
      new_line();
      out += c;
    } else if (c == ',') {
      out += c;
      new_line();
    } else {
      out += c;
      if (c == ':') out += ' ';
    }
  }
  return out + "\n";
}

}  // namespace overlay::ctl
