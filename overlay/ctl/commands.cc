// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/commands.h"

#include <ostream>

#include "overlay/control/json.h"
#include "overlay/control/view.h"
#include "overlay/ctl/attach.h"
#include "overlay/ctl/backup.h"
#include "overlay/ctl/completion.h"
#include "overlay/ctl/doctor.h"
#include "overlay/ctl/expose.h"
#include "overlay/ctl/forget.h"
#include "overlay/ctl/json_text.h"
#include "overlay/ctl/leave.h"
#include "overlay/ctl/pools.h"
#include "overlay/ctl/status_screen.h"
#include "overlay/ctl/targets.h"
#include "overlay/ctl/teardown.h"
#include "overlay/ctl/text.h"
#include "overlay/ctl/token.h"
#include "overlay/ctl/version.h"
#include "overlay/ctl/views.h"
#include "overlay/ctl/wait.h"

namespace overlay::ctl {

namespace {

/// An answer as text and as a message; a daemon whose answer cannot be read counts as not reached.
template <class Message>
struct Answer {
  std::string json;
  Message message;
};

template <class Message>
Outcome<Answer<Message>> ask(const Run& run, const std::string& path) {
  OVERLAY_TRY(auto json, run.client.get(path));
  auto message = control::from_json<Message>(json);
  if (!message) {
    return Stop{Exit::unreachable,
                "the answer of " + run.client.socket() + " cannot be read: " + message.error().text};
  }
  return Answer<Message>{std::move(json), std::move(*message)};
}

bool is_json(const Run& run) { return run.options.format == Format::json; }

/// Prints the daemon's own text, or the table that `show_it` makes.
template <class ShowIt>
void print(Run& run, const std::string& json, ShowIt show_it) {
  run.console.out << (is_json(run) ? indented(json) : show_it(run.look()));
}

Outcome<Exit> run_status(Run& run) {
  OVERLAY_TRY(const auto status, ask<v1::Status>(run, "/v1/status"));
  print(run, status.json, [&](const Look& look) { return show(status.message, look); });
  return is_well(status.message) ? Exit::done : Exit::no;
}

template <class Message>
Outcome<Exit> run_list(Run& run, const std::string& path) {
  OVERLAY_TRY(const auto answer, ask<Message>(run, path));
  print(run, answer.json, [&](const Look& look) { return show(answer.message, look); });
  return Exit::done;
}

Outcome<Exit> run_peers(Run& run) { return run_list<v1::Peers>(run, "/v1/peers"); }
Outcome<Exit> run_paths(Run& run) { return run_list<v1::Paths>(run, "/v1/paths"); }
Outcome<Exit> run_links(Run& run) { return run_list<v1::Links>(run, "/v1/links"); }

void declare_dry_run(CLI::App& parser, Options& options) {
  parser.add_flag("--dry-run", options.dry_run, "only say what would be done");
}

void declare_ipam(CLI::App& parser, Options& options) {
  const auto verb = [&](const char* name, const char* summary, IpamVerb means) {
    auto* added = parser.add_subcommand(name, summary);
    added->fallthrough();
    added->callback([&options, means] { options.ipam = means; });
    return added;
  };
  verb("addresses", "the local leases instead of pools and blocks", IpamVerb::addresses);
  auto* extend = verb("extend", "add a pool, by decree of the voters", IpamVerb::extend);
  extend->add_option("CIDR", options.prefix, "the pool")->required();
  declare_dry_run(*extend, options);
  auto* assign = verb("assign", "settle who owns a prefix, by decree of the voters", IpamVerb::assign);
  assign->add_option("PREFIX", options.prefix, "a block, or what a fork is about")->required();
  assign->add_option("NODE", options.owner, "its owner, by name or id")->required();
  declare_dry_run(*assign, options);
  parser.require_subcommand(0, 1);
}

Outcome<Exit> run_ipam(Run& run) {
  if (run.options.ipam == IpamVerb::addresses) return run_list<v1::Addresses>(run, "/v1/ipam/addresses");
  if (run.options.ipam == IpamVerb::extend) return run_extend(run);
  if (run.options.ipam == IpamVerb::assign) return run_assign(run);
  OVERLAY_TRY(const auto ipam, ask<v1::Ipam>(run, "/v1/ipam"));
  OVERLAY_TRY(const auto status, ask<v1::Status>(run, "/v1/status"));
  const auto& self = status.message.node().name();
  print(run, ipam.json, [&](const Look& look) { return show(ipam.message, self, look); });
  return Exit::done;
}

void declare_routes(CLI::App& parser, Options& options) {
  parser.add_flag("--diff", options.diff, "only what differs; exit 1 when something does");
}

Outcome<Exit> run_routes(Run& run) {
  OVERLAY_TRY(const auto routes, ask<v1::Routes>(run, "/v1/routes"));
  if (!run.options.diff) {
    print(run, routes.json, [&](const Look& look) { return show(routes.message, false, look); });
    return Exit::done;
  }
  v1::Routes differing;
  for (const auto& object : routes.message.objects()) {
    if (differs(object)) *differing.add_objects() = object;
  }
  print(run, control::to_json(differing), [&](const Look& look) { return show(routes.message, true, look); });
  return differing.objects().empty() ? Exit::done : Exit::no;
}

void declare_events(CLI::App& parser, Options& options) {
  parser.add_flag("--follow,-f", options.follow, "go on with what comes");
}

Outcome<Exit> run_events(Run& run) {
  if (run.options.follow) {
    const auto print_line = [&run](const std::string& line) {
      const auto event = control::from_json<v1::Event>(line);
      run.console.out << (is_json(run) || !event ? line + "\n" : show(*event, run.look())) << std::flush;
    };
    OVERLAY_CHECK(run.client.follow("/v1/events?follow=1", print_line));
    return Exit::done;
  }
  OVERLAY_TRY(const auto events, ask<v1::Events>(run, "/v1/events"));
  print(run, events.json, [&](const Look& look) {
    std::string out;
    for (const auto& event : events.message.events()) out += show(event, look);
    return out;
  });
  return Exit::done;
}

Outcome<Exit> run_report(Run& run) {
  const std::pair<const char*, const char*> parts[] = {
      {"version", "/v1/version"},
      {"status", "/v1/status"},
      {"peers", "/v1/peers"},
      {"paths", "/v1/paths"},
      {"links", "/v1/links"},
      {"ipam", "/v1/ipam"},
      {"addresses", "/v1/ipam/addresses"},
      {"routes", "/v1/routes"},
      {"events", "/v1/events"},
  };
  std::string document = "{\"overlayctl\":\"" + std::string(version) + "\"";
  for (const auto& [name, path] : parts) {
    OVERLAY_TRY(const auto json, run.client.get(path));
    document += ",\"" + std::string(name) + "\":" + json;
  }
  run.console.out << indented(document + "}");
  return Exit::done;
}

void declare_timeout(CLI::App& parser, std::chrono::milliseconds& out, const char* what) {
  parser
      .add_option_function<std::string>(
          "--timeout",
          [&out](const std::string& text) {
            const auto timeout = parse_duration(text);
            if (!timeout) throw CLI::ValidationError("--timeout", timeout.error().text);
            out = *timeout;
          },
          what)
      ->type_name("TIME");
}

void declare_wait(CLI::App& parser, Options& options) {
  parser
      .add_option_function<std::string>(
          "--for",
          [&options](const std::string& text) {
            const auto condition = parse_condition(text);
            if (!condition) throw CLI::ValidationError("--for", condition.error().text);
            options.condition = *condition;
          },
          "ready, synced, peers=N or path=NAME")
      ->type_name("CONDITION")
      ->required();
  declare_timeout(parser, options.timeout, "30s, 500ms, 2m, 1h; default 30s");
}

void declare_forget(CLI::App& parser, Options& options) {
  parser.add_option("NAME", options.names, "the dead nodes, by name or id")->required();
  parser.add_option("--heir", options.heir, "the node that gets their blocks")->type_name("NAME");
  declare_dry_run(parser, options);
}

void declare_targets(CLI::App& parser, Options& options) {
  parser.add_option("HOST", options.names, "HOST[:PORT]; the port is 6783 where none is given")->required();
}

void declare_leave(CLI::App& parser, Options& options) {
  parser.add_flag("--force", options.force, "cut off the pods that run here");
  declare_dry_run(parser, options);
  declare_timeout(parser, options.patience, "30s, 5m, 1h; default 2m");
}

void declare_recover(CLI::App& parser, Options& options) {
  parser.add_option("--cluster", options.cluster, "the cluster's id, or its first 8 digits")
      ->type_name("NAME");
}

void declare_file(CLI::App& parser, Options& options, const char* what) {
  parser.add_option("FILE", options.file, what)->required();
  parser.add_option("--state-dir", options.places.state_dir, "of overlayd; default /var/lib/overlay")
      ->type_name("PATH");
}

void declare_backup(CLI::App& parser, Options& options) {
  declare_file(parser, options, "where to; - is the standard output");
  parser.add_flag("--force", options.force, "replace FILE where it is there");
}

void declare_restore(CLI::App& parser, Options& options) {
  declare_file(parser, options, "what 'overlayctl backup' made; - is the standard input");
}

void declare_expose(CLI::App& parser, Options& options) {
  parser.add_option("ADDRESS", options.address, "this one, of a block of this host; any where none is given");
}

void declare_hide(CLI::App& parser, Options& options) {
  parser.add_option("ADDRESS", options.address, "only where the host is exposed as this one");
}

void declare_attach(CLI::App& parser, Options& options) {
  parser.add_option("NETNS", options.netns, "a network namespace: its path, or its name below /run/netns")
      ->type_name("NETNS")
      ->required();
  parser.add_option("--ifname", options.ifname, "of the interface in there; default eth0")
      ->type_name("INTERFACE");
}

void declare_completion(CLI::App& parser, Options& options) {
  parser.add_option("SHELL", options.shell, "bash, zsh or fish")->type_name("SHELL")->required();
}

Outcome<Exit> run_completion(Run& run) {
  const auto script = completion(run.parser, run.options.shell);
  if (!script) return Stop{Exit::usage, script.error().text};
  run.console.out << *script;
  return Exit::done;
}

void declare_doctor(CLI::App& parser, Options& options) {
  const auto place = [&](const char* flag, std::filesystem::path& path, const char* what) {
    parser.add_option(flag, path, what)->type_name("PATH");
  };
  place("--state-dir", options.places.state_dir, "of overlayd; default /var/lib/overlay");
  place("--secret-file", options.places.secret_file, "of overlayd; default secret in its state directory");
  place("--cni-bin-dir", options.places.cni_bin_dir, "where plugins are; default /opt/cni/bin");
  place("--cni-conf-dir", options.places.cni_conf_dir,
        "where their configurations are; default /etc/cni/net.d");
}

Outcome<Exit> run_version(Run& run) {
  if (!is_json(run)) run.console.out << "overlayctl " << version << "\n" << std::flush;
  OVERLAY_TRY(const auto daemon, ask<v1::Version>(run, "/v1/version"));
  print(run, daemon.json, [&](const Look&) { return show(daemon.message); });
  return Exit::done;
}

constexpr Command command_table[] = {
    {"status", "this node, its cluster, who is unreachable and why; exit 1 when degraded", nullptr,
     run_status, true},
    {"peers", "the hosts of the cluster, and how each is reached", nullptr, run_peers, true},
    {"paths", "how packets get to each peer, and why not the best way", nullptr, run_paths, true},
    {"links", "the control sessions of this node", nullptr, run_links, true},
    {"ipam", "pools and blocks with their owners, or the local leases; more pools", declare_ipam, run_ipam,
     true},
    {"routes", "the kernel objects this node wants, against those it has", declare_routes, run_routes, true},
    {"events", "what changed lately", declare_events, run_events},
    {"wait", "wait until a condition holds; exit 1 with what is missing at the time-out", declare_wait,
     run_wait},
    {"doctor", "check this host, its overlayd and the cluster; say the cure; exit 1 at a fault",
     declare_doctor, run_doctor, true},
    {"forget", "remove dead nodes for ever, by decree of the voters", declare_forget, run_forget},
    {"connect", "call these hosts for ever, as --join of overlayd does", declare_targets, run_connect},
    {"disconnect", "no longer call them for ever", declare_targets, run_disconnect},
    {"drain", "take no new pods here, and give back blocks without pods", nullptr, run_drain},
    {"undrain", "take new pods again", nullptr, run_undrain},
    {"leave", "give everything back, leave the cluster for good, and end overlayd", declare_leave, run_leave},
    {"recover", "appoint new voters when their majority is lost for good", declare_recover, run_recover},
    {"backup", "put the state of this host, and its key, into a file", declare_backup, run_backup},
    {"restore", "put such a file back where overlayd does not run and no state is", declare_restore,
     run_restore},
    {"expose", "give this host one more overlay address, and keep it", declare_expose, run_expose},
    {"hide", "take that address back", declare_hide, run_hide},
    {"attach", "give a network namespace an address and an interface, without a runtime", declare_attach,
     run_attach},
    {"detach", "take address and interface away again", declare_attach, run_detach},
    {"report", "one JSON document with all of the above, for a bug report", nullptr, run_report},
    {"token", "a fresh cluster secret, for --secret-file of overlayd", nullptr, run_token},
    {"teardown", "remove every kernel object of the overlay from this host", nullptr, run_teardown},
    {"completion", "the script that completes commands in bash, zsh or fish", declare_completion,
     run_completion},
    {"version", "the versions of overlayctl and of the daemon", nullptr, run_version},
};

}  // namespace

Look Run::look() const {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return {now, options.format == Format::wide, console.colour, console.width};
}

std::span<const Command> commands() { return command_table; }

}  // namespace overlay::ctl
