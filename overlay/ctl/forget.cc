// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/forget.h"

#include <ostream>

#include "overlay/ctl/json_text.h"
#include "overlay/ctl/post.h"

namespace overlay::ctl {

namespace {

void show(std::ostream& out, const v1::Forgotten& answer, const v1::Forgotten::Node& node) {
  out << printable(node.name()) << " ";
  if (node.removed_before()) {
    out << "was removed before\n";
    return;
  }
  out << (answer.dry_run() ? "would be removed" : "is removed");
  if (!node.blocks().empty()) out << "; it owned " << listed(node.blocks());
  if (!node.blocks().empty() && !answer.heir().empty()) {
    out << (answer.dry_run() ? ", which would go to " : ", which went to ") << printable(answer.heir());
  }
  if (node.voter())
    out << "; the voters " << (answer.dry_run() ? "would be " : "are ") << listed(answer.voters());
  out << "\n";
}

/// What somebody must know before giving the name.
Outcome<Exit> explain_recovery(const Run& run) {
  OVERLAY_TRY(const auto json, run.client.get("/v1/status"));
  const auto status = control::from_json<v1::Status>(json);
  if (!status) return Stop{Exit::unreachable, status.error().text};
  const auto& cluster = status->cluster();
  return Stop{
      Exit::usage,
      "recover is for when a majority of the voters (" + listed(cluster.voters()) +
          ") is lost for good: this node appoints new ones. What the lost ones granted and no node here "
          "has heard of can then be granted a second time, and a lost voter that comes back stays apart. "
          "If they can be started, start them instead. To go on, give --cluster " +
          cluster.id().substr(0, 8)};
}

}  // namespace

Outcome<Exit> run_forget(Run& run) {
  v1::ForgetRequest request;
  for (const auto& name : run.options.names) request.add_names(name);
  request.set_heir(run.options.heir);
  request.set_dry_run(run.options.dry_run);
  OVERLAY_TRY(const auto answer, post<v1::Forgotten>(run, "/v1/forget", request));
  auto& out = run.console.out;
  if (run.options.format == Format::json) {
    out << indented(control::to_json(answer));
    return Exit::done;
  }
  for (const auto& node : answer.nodes()) show(out, answer, node);
  return Exit::done;
}

Outcome<Exit> run_recover(Run& run) {
  if (run.options.cluster.empty()) return explain_recovery(run);
  v1::RecoverRequest request;
  request.set_cluster(run.options.cluster);
  OVERLAY_TRY(const auto answer, post<v1::Recovered>(run, "/v1/recover", request));
  const bool json = run.options.format == Format::json;
  run.console.out << (json ? indented(control::to_json(answer))
                           : "the cluster is recovered; its voters are " + listed(answer.voters()) + "\n");
  return Exit::done;
}

}  // namespace overlay::ctl
