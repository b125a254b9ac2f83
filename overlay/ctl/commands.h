// SPDX-License-Identifier: Apache-2.0
// The commands of overlayctl: one table drives parsing, --help, completion, the man page and dispatch.
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "overlay/ctl/client.h"
#include "overlay/ctl/condition.h"
#include "overlay/ctl/outcome.h"
#include "overlay/ctl/table.h"
#include "overlay/doctor/gather.h"

namespace overlay::ctl {

enum class Format : std::uint8_t { table, wide, json };

enum class IpamVerb : std::uint8_t { show, addresses, extend, assign };

/// What the command line said.
struct Options {
  std::string socket = "/run/overlay/overlayd.sock";
  Format format = Format::table;
  bool watch = false;
  std::chrono::milliseconds every{2'000};       // with watch
  IpamVerb ipam = IpamVerb::show;               // ipam
  std::string prefix;                           // ipam extend, ipam assign
  std::string owner;                            // ipam assign
  bool diff = false;                            // routes
  bool follow = false;                          // events
  std::vector<std::string> names;               // forget, connect, disconnect
  std::string heir;                             // forget
  bool dry_run = false;                         // forget, leave, ipam extend, ipam assign
  bool force = false;                           // leave, backup
  std::string file;                             // backup, restore
  std::chrono::milliseconds patience{120'000};  // leave
  std::string cluster;                          // recover
  std::string address;                          // expose, hide
  std::string netns;                            // attach, detach
  std::string ifname = "eth0";                  // attach, detach
  std::string shell;                            // completion
  doctor::Places places;                        // doctor; backup and restore: state_dir
  Condition condition;                          // wait
  std::chrono::milliseconds timeout{30'000};
};

/// Where the program speaks; a test gives its own streams.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;  // then a wait says what it waits for
  bool colour = false;
  std::size_t width = 0;  // of the terminal that `out` is; 0: it is none
};

/// One run of one command.
struct Run {
  const Options& options;
  const Client& client;
  Console& console;
  const CLI::App& parser;

  Look look() const;
};

struct Command {
  const char* name;
  const char* summary;
  void (*declare)(CLI::App& parser, Options& options);  // its own arguments; null when it has none
  Outcome<Exit> (*run)(Run& run);
  bool looks = false;  // changes nothing and ends at once: --watch may repeat it
};

/// In the order of --help.
std::span<const Command> commands();

}  // namespace overlay::ctl
