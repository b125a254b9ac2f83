// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/man_page.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace overlay::ctl {

namespace {

constexpr std::string_view command_macro = ".Command ";
constexpr std::string_view option_macro = ".Option ";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// As running text: the hyphens of flags stay such, and nothing is a macro.
std::string prose(const std::string& text) {
  std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  char before = ' ';
  for (const char c : text) {
    const bool of_flag = c == '-' && (before == ' ' || before == '-');
    out += of_flag ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
    before = c;
  }
  return out;
}

/// "take it back" -> "Take it back."
std::string sentence(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return prose(text) + ".";
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// "Ar name ..."
std::string argument(const CLI::Option& option) {
  if (!option.get_positional()) return "Ar " + lower(option.get_type_name());
  const bool repeats = option.get_expected_max() > 1;
  return "Ar " + lower(option.get_single_name()) + (repeats ? " ..." : "");
}

/// "Fl f , -follow", "Fl -timeout Ar time", "Ar netns"
std::string flags(const CLI::Option& option) {
  if (option.get_positional()) return argument(option);
  std::string out;
  for (const auto& name : option.get_snames()) out += (out.empty() ? "Fl " : " , ") + name;
  for (const auto& name : option.get_lnames()) out += (out.empty() ? "Fl -" : " , -") + name;
  return out + (takes_value(option) ? " " + argument(option) : "");
}

/// Its own, without --help.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  auto out = app.get_options();
  std::erase(out, app.get_help_ptr());
  // First what has no name, as on the command line.
  std::ranges::stable_partition(out, [](const CLI::Option* option) { return option->get_positional(); });
  return {out.begin(), out.end()};
}

/// The item of a list: one macro a line, for there may be many.
std::string synopsis(const std::string& command, const CLI::App& app) {
  std::string out = ".It Xo\n.Cm " + command + "\n";
  for (const auto* option : options_of(app))
    out += (option->get_required() ? "." : ".Op ") + flags(*option) + "\n";
  return out + ".Xc\n";
}

std::string arguments(const CLI::App& app) {
  std::string out;
  for (const auto* option : options_of(app))
    out += ".It " + flags(*option) + "\n" + prose(option->get_description()) + "\n";
  return out.empty() ? "" : ".Bl -tag -width Ds -compact\n" + out + ".El\n";
}

using Commands = std::map<std::string, const CLI::App*>;

void add_commands(const CLI::App& app, const std::string& path, Commands& out) {
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string name = path + command->get_name();
    out.emplace(name, command);
    add_commands(*command, name + " ", out);
  }
}

using OptionItems = std::map<std::string, const CLI::Option*>;

OptionItems option_items(const CLI::App& parser) {
  OptionItems out;
  for (const auto* option : parser.get_options()) out.emplace(option->get_lnames().front(), option);
  return out;
}

/// Takes what the template names out of what there is.
template <class Items>
Result<typename Items::mapped_type> take(Items& items, const std::string& name) {
  const auto found = items.find(name);
  if (found == items.end()) return fail(Errc::invalid, "the template has a \"" + name + "\" too many");
  const auto out = found->second;
  items.erase(found);
  return out;
}

template <class Items>
Status none_left(const Items& items) {
  if (items.empty()) return {};
  return fail(Errc::invalid, "the template says nothing of \"" + items.begin()->first + "\"");
}

}  // namespace

Result<std::string> man_page(const CLI::App& parser, const std::string& page_template) {
  Commands commands;
  add_commands(parser, "", commands);
  OptionItems options = option_items(parser);
  std::istringstream lines(page_template);
  std::string out;
  bool behind_list = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(command_macro)) {
      const std::string name = line.substr(command_macro.size());
      OVERLAY_TRY(const CLI::App* command, take(commands, name));
      out += synopsis(name, *command) + sentence(command->get_description()) + "\n" + arguments(*command);
      behind_list = out.ends_with(".El\n");
    } else if (line.starts_with(option_macro)) {
      OVERLAY_TRY(const CLI::Option* option, take(options, line.substr(option_macro.size())));
      out += ".It " + flags(*option) + "\n";
    } else {
      const bool is_text = !line.starts_with(".El");
      out += (std::exchange(behind_list, false) && is_text ? ".Pp\n" : "") + line + "\n";
    }
  }
  OVERLAY_CHECK(none_left(commands));
  OVERLAY_CHECK(none_left(options));
  return out;
}

}  // namespace overlay::ctl
