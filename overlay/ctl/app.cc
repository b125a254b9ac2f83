// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/app.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <ostream>
#include <sstream>
#include <thread>

#include "overlay/ctl/text.h"
#include "overlay/ctl/version.h"

namespace overlay::ctl {

namespace {

Format parse_format(const std::string& text) {
  if (text == "table") return Format::table;
  if (text == "wide") return Format::wide;
  if (text == "json") return Format::json;
  throw CLI::ValidationError("--output", "\"" + text + "\" is no format: give table, wide or json");
}

void declare_options(CLI::App& parser, Options& options) {
  parser.add_option("--socket", options.socket, "the socket of overlayd")
      ->envname("OVERLAY_SOCKET")
      ->type_name("PATH")
      ->capture_default_str();
  parser
      .add_option_function<std::string>(
          "-o,--output", [&options](const std::string& text) { options.format = parse_format(text); },
          "table, wide or json; default table")
      ->type_name("FORMAT");
  parser.add_flag("--watch", options.watch, "show the answer again and again, until interrupted");
  parser
      .add_option_function<std::string>(
          "--every",
          [&options](const std::string& text) {
            const auto every = parse_duration(text);
            if (!every) throw CLI::ValidationError("--every", every.error().text);
            options.every = *every;
          },
          "with --watch: the time between two looks; default 2s")
      ->type_name("TIME");
  parser.set_version_flag("--version", "overlayctl " + std::string(version), "print the version and exit");
}

void declare_commands(CLI::App& parser, Options& options) {
  for (const auto& command : commands()) {
    auto* added = parser.add_subcommand(command.name, command.summary);
    added->group("Commands");
    added->fallthrough();  // the options of all commands may also come after its name
    if (command.declare != nullptr) command.declare(*added, options);
  }
  parser.require_subcommand(0, 1);  // none is dealt with below, with a better sentence
  parser.get_formatter()->label("SUBCOMMAND", "COMMAND");
  parser.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "overlayctl: " + std::string(error.what()) + " (see overlayctl --help)\n";
  });
  parser.footer(
      "Exit codes: 0 done, 1 the answer is no or degraded, 2 usage, 3 no daemon answers. See overlayctl(1).");
}

const Command& chosen(const CLI::App& parser) {
  const auto name = parser.get_subcommands().front()->get_name();
  return *std::ranges::find(commands(), name, &Command::name);
}

/// A command as it was asked for; it may run more than once.
struct Invocation {
  const Command& command;
  const Options& options;
  Client client;
  const CLI::App& parser;

  Exit run(Console& console) const {
    Run run{options, client, console, parser};
    const auto outcome = command.run(run);
    if (outcome) return *outcome;
    console.err << "overlayctl: " << outcome.error().text << "\n";
    return outcome.error().exit;
  }
};

/// Each answer in place of the one before on a terminal, behind it elsewhere; ends when nobody reads any
/// more.
Exit watch(const Invocation& invocation, Console& console) {
  for (;;) {
    std::ostringstream page;
    Console paged{page, page, false, console.colour, console.width};
    const Exit exit = invocation.run(paged);
    console.out << (console.width > 0 ? "\x1b[H\x1b[2J" : "") << page.str() << std::flush;
    if (!console.out) return exit;
    std::this_thread::sleep_for(invocation.options.every);
  }
}

}  // namespace

void declare(CLI::App& parser, Options& options) {
  declare_options(parser, options);
  declare_commands(parser, options);
}

Exit run(std::vector<std::string> arguments, Console& console) {
  CLI::App parser("Asks and steers the overlayd of this host.", "overlayctl");
  Options options;
  declare(parser, options);
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    parser.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return parser.exit(error, console.out, console.err) == 0 ? Exit::done : Exit::usage;
  }
  if (parser.get_subcommands().empty()) {
    console.err << "overlayctl: give a command\n" << parser.help();
    return Exit::usage;
  }
  const Invocation invocation{chosen(parser), options, Client(options.socket), parser};
  if (!options.watch) return invocation.run(console);
  if (invocation.command.looks) return watch(invocation, console);
  console.err << "overlayctl: --watch repeats what only looks, and " << invocation.command.name
              << " does not\n";
  return Exit::usage;
}

}  // namespace overlay::ctl
