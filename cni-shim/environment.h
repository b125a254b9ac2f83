// SPDX-License-Identifier: Apache-2.0
// The CNI_* variables a runtime sets (CNI specification, "Parameters"), checked.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cni-shim/cni_error.h"

namespace overlay::cni {

enum class Command : std::uint8_t { add, del, check, gc, status, version };

/// "ADD", …
std::string_view name(Command command);

struct Environment {
  Command command;
  std::string container;  // CNI_CONTAINERID; empty for GC, STATUS and VERSION
  std::string netns;      // CNI_NETNS, a path; may be empty for DEL
  std::string interface;  // CNI_IFNAME; empty for GC, STATUS and VERSION
  std::map<std::string, std::string, std::less<>> arguments;  // CNI_ARGS of ADD, whether or not we know them
};

/// The value of a variable, or nothing; the empty value counts as unset.
using Variables = std::function<std::optional<std::string>(const char* variable)>;

/// The process's own.
Variables process_variables();

/// Code::bad_environment, naming every variable that is missing or unusable.
[[nodiscard]] Outcome<Environment> parse_environment(const Variables& variables);

/// Letters, digits, '_', '.', '-', the first one a letter or digit: container ids and network names.
bool is_identifier(std::string_view text);
/// What Linux takes as the name of an interface (dev_valid_name), without '%'.
bool is_interface_name(std::string_view text);

}  // namespace overlay::cni
