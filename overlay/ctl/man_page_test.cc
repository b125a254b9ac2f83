// SPDX-License-Identifier: Apache-2.0
// The man page and the table of commands say the same: the same commands, each with the same options.
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "overlay/ctl/commands.h"

namespace overlay::ctl {
namespace {

/// Long options by command: "wait" -> "for", "timeout".
using Synopses = std::map<std::string, std::set<std::string>>;

void add_synopsis(const std::string& heading, Synopses& out) {
  std::string command;
  std::istringstream words(heading);
  for (std::string word; words >> word && word != "Fl" && word != "Op" && word != "Ar";) {
    if (word != "Cm") command += (command.empty() ? "" : " ") + word;
  }
  auto& options = out[command];
  static const std::regex option("(^| )-([a-z][a-z0-9-]+)");
  for (std::sregex_iterator found(heading.begin(), heading.end(), option), end; found != end; ++found) {
    options.insert((*found)[2]);
  }
}

/// The headings of the list in its section COMMANDS; lists inside of it are about something else.
Synopses of_the_man_page() {
  Synopses out;
  std::ifstream page(OVERLAYCTL_MAN_PAGE);
  std::string line;
  while (std::getline(page, line) && line != ".Sh COMMANDS") {
  }
  int depth = 0;
  std::string longer;  // a heading of several lines, between Xo and Xc
  while (std::getline(page, line) && !line.starts_with(".Sh")) {
    if (line.starts_with(".Bl")) ++depth;
    if (line.starts_with(".El")) --depth;
    if (depth != 1) continue;
    if (line == ".It Xo") {
      longer = " ";
    } else if (line == ".Xc") {
      add_synopsis(std::exchange(longer, ""), out);
    } else if (!longer.empty()) {
      longer += line.substr(1) + " ";
    } else if (line.starts_with(".It ")) {
      add_synopsis(line.substr(4), out);
    }
  }
  return out;
}

void add_synopses(const CLI::App& app, const std::string& command, Synopses& out) {
  auto& options = out[command];
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) options.insert(name);
  }
  options.erase("help");
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_synopses(*verb, command + " " + verb->get_name(), out);
  }
}

Synopses of_the_table() {
  Synopses out;
  for (const auto& command : commands()) {
    CLI::App app;
    Options options;
    if (command.declare != nullptr) command.declare(app, options);
    add_synopses(app, command.name, out);
  }
  return out;
}

TEST(ManPage, NamesEachCommandWithItsOptions) { EXPECT_EQ(of_the_man_page(), of_the_table()); }

}  // namespace
}  // namespace overlay::ctl
