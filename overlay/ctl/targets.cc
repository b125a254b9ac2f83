// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/targets.h"

#include <ostream>

#include "overlay/ctl/json_text.h"
#include "overlay/ctl/post.h"

namespace overlay::ctl {

namespace {

Outcome<Exit> retarget(const Run& run, const std::string& path, const std::string& done) {
  v1::TargetsRequest request;
  for (const auto& name : run.options.names) request.add_hosts(name);
  OVERLAY_TRY(const auto answer, post<v1::Targets>(run, path, request));
  auto& out = run.console.out;
  if (run.options.format == Format::json) {
    out << indented(control::to_json(answer));
    return Exit::done;
  }
  out << done << "; overlayd calls "
      << (answer.targets().empty() ? std::string("only members") : listed(answer.targets())) << "\n";
  return Exit::done;
}

}  // namespace

Outcome<Exit> run_connect(Run& run) { return retarget(run, "/v1/connect", "done, for restarts too"); }

Outcome<Exit> run_disconnect(Run& run) {
  return retarget(run, "/v1/disconnect", "done; links that are there stay, as those of members do");
}

}  // namespace overlay::ctl
