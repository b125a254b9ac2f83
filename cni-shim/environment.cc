// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/environment.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace overlay::cni {
namespace {

constexpr std::size_t interface_name_max = 15;  // IFNAMSIZ without the terminating zero

constexpr std::array<std::pair<Command, std::string_view>, 6> commands{{{Command::add, "ADD"},
                                                                        {Command::del, "DEL"},
                                                                        {Command::check, "CHECK"},
                                                                        {Command::gc, "GC"},
                                                                        {Command::status, "STATUS"},
                                                                        {Command::version, "VERSION"}}};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Outcome<Command> parse_command(const std::optional<std::string>& text) {
  if (!text) {
    return CniError(Code::bad_environment,
                    "CNI_COMMAND is not set: a container runtime runs this program; see 'cni-shim --help'");
  }
  for (const auto& [command, name] : commands) {
    if (name == *text) return command;
  }
  return CniError(Code::bad_environment,
                  "CNI_COMMAND is '" + *text + "', not ADD, DEL, CHECK, GC, STATUS or VERSION");
}

/// "IP=10.32.1.9;IgnoreUnknown=1"
bool is_list_of_pairs(std::string_view text) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(';'));
    if (pair.find('=') == std::string_view::npos || pair.starts_with('=')) return false;
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
  }
  return true;
}

std::map<std::string, std::string, std::less<>> pairs_of(std::string_view text) {
  std::map<std::string, std::string, std::less<>> out;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(';'));
    const std::size_t equals = pair.find('=');
    out[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
  }
  return out;
}

/// Collects every complaint, so that one run of the plugin names them all.
class Checker {
 public:
  explicit Checker(const Variables& variables) : variables_(variables) {}

  std::string take(const char* variable, bool required, bool (*valid)(std::string_view), const char* rule) {
    const auto value = variables_(variable);
    if (!value) {
      if (required) complain(std::string(variable) + " is not set");
      return {};
    }
    if (!valid(*value)) complain(std::string(variable) + " is '" + *value + "', not " + rule);
    return *value;
  }
  const std::string& complaints() const { return complaints_; }

 private:
  void complain(const std::string& text) { complaints_ += (complaints_.empty() ? "" : ", ") + text; }

  const Variables& variables_;
  std::string complaints_;
};

}  // namespace

std::string_view name(Command command) {
  return std::find_if(commands.begin(), commands.end(),
                      [command](const auto& entry) { return entry.first == command; })
      ->second;
}

bool is_identifier(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_interface_name(std::string_view text) {
  if (text.empty() || text.size() > interface_name_max || text == "." || text == "..") return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return c == '/' || c == ':' || c == '%' || static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
  });
}

Variables process_variables() {
  return [](const char* variable) -> std::optional<std::string> {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Outcome<Environment> parse_environment(const Variables& variables) {
  OVERLAY_TRY(const Command command, parse_command(variables("CNI_COMMAND")));
  Environment out{command, {}, {}, {}, {}};
  if (command == Command::gc || command == Command::status || command == Command::version) return out;
  Checker check(variables);
  const auto absolute = [](std::string_view path) { return path.starts_with('/'); };
  out.container = check.take("CNI_CONTAINERID", true, is_identifier,
                             "letters, digits, '_', '.' and '-' after a letter or digit");
  out.interface = check.take("CNI_IFNAME", true, is_interface_name,
                             "an interface name of at most 15 characters without '/', ':', '%' or blanks");
  out.netns = check.take("CNI_NETNS", command != Command::del, absolute, "an absolute path");
  if (command == Command::add) {
    out.arguments =
        pairs_of(check.take("CNI_ARGS", false, is_list_of_pairs, "KEY=VALUE pairs with ';' between them"));
  }
  if (!check.complaints().empty()) return CniError(Code::bad_environment, check.complaints());
  return out;
}

}  // namespace overlay::cni
