// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/leave.h"

#include <ostream>

#include "overlay/ctl/json_text.h"
#include "overlay/ctl/post.h"

namespace overlay::ctl {

namespace {

using std::chrono::steady_clock;

Outcome<Exit> drain(Run& run, const std::string& path) {
  OVERLAY_TRY(const auto json, run.client.post(path));
  const auto answer = control::from_json<v1::Drained>(json);
  if (!answer) return Stop{Exit::unreachable, answer.error().text};
  auto& out = run.console.out;
  if (run.options.format == Format::json) {
    out << indented(json);
    return Exit::done;
  }
  out << (answer->drained() ? "this host takes no new pods" : "this host takes new pods");
  if (answer->drained() && !answer->pods().empty()) out << "; these go on: " << listed(answer->pods());
  out << "\n";
  return Exit::done;
}

/// What leaving would do.
std::string plan(const v1::Leaving& answer) {
  const std::string name = printable(answer.name());
  std::string out = name + " would give back " +
                    (answer.blocks().empty() ? std::string("nothing") : listed(answer.blocks()));
  if (!answer.pods().empty()) out += ", cut off " + listed(answer.pods());
  if (answer.voter()) out += ", leave its vote, the voters then being " + listed(answer.voters());
  return out + " and be removed; overlayd would end\n";
}

std::string goodbye(const v1::Leaving& answer) {
  return printable(answer.name()) +
         " has left the cluster, its kernel holds nothing of the overlay any more, and overlayd ends; to "
         "join "
         "again, remove identity and state.log from the state directory first\n";
}

/// It goes on whether anybody asks or not.
Outcome<v1::Leaving> ask_until_left(const Run& run, const v1::LeaveRequest& request) {
  const auto deadline = steady_clock::now() + run.options.patience;
  std::string told;
  for (;;) {
    OVERLAY_TRY(auto answer, post<v1::Leaving>(run, "/v1/leave", request));
    if (answer.dry_run() || answer.state() == "left") return answer;
    const std::string waits = answer.waits_for().empty() ? "its removal by decree" : answer.waits_for();
    if (steady_clock::now() >= deadline) {
      return Stop{Exit::no, printable(answer.name()) + " goes on leaving by itself; it waits for " +
                                printable(waits) + "; the same command tells how far it is"};
    }
    if (waits != told) run.console.err << "waits for " << printable(waits) << std::endl;
    told = waits;
  }
}

}  // namespace

Outcome<Exit> run_drain(Run& run) { return drain(run, "/v1/drain"); }
Outcome<Exit> run_undrain(Run& run) { return drain(run, "/v1/undrain"); }

Outcome<Exit> run_leave(Run& run) {
  v1::LeaveRequest request;
  request.set_force(run.options.force);
  request.set_dry_run(run.options.dry_run);
  OVERLAY_TRY(const auto answer, ask_until_left(run, request));
  const bool json = run.options.format == Format::json;
  run.console.out << (json               ? indented(control::to_json(answer))
                      : answer.dry_run() ? plan(answer)
                                         : goodbye(answer));
  return Exit::done;
}

}  // namespace overlay::ctl
