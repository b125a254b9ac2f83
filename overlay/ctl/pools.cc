// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/pools.h"

#include <ostream>

#include "overlay/ctl/json_text.h"
#include "overlay/ctl/post.h"

namespace overlay::ctl {

namespace {

std::string sentence(const v1::Extended& answer) {
  if (answer.done_before()) return answer.pool() + " was a pool before";
  return answer.pool() + (answer.dry_run() ? " would be" : " is") + " a pool, of " +
         std::to_string(static_cast<std::uint64_t>(answer.blocks())) + " blocks";
}

std::string sentence(const v1::Assigned& answer) {
  const std::string owner = printable(answer.owner());
  if (answer.done_before()) return answer.prefix() + " was " + owner + "'s before";
  return answer.prefix() + (answer.dry_run() ? " would be " : " is ") + owner + "'s" +
         (answer.holders().empty() ? "; nobody had it" : "; it was of " + listed(answer.holders()));
}

template <class Answer, class Request>
Outcome<Exit> decree(Run& run, const std::string& path, const Request& request) {
  OVERLAY_TRY(const auto answer, post<Answer>(run, path, request));
  const bool json = run.options.format == Format::json;
  run.console.out << (json ? indented(control::to_json(answer)) : sentence(answer) + "\n");
  return Exit::done;
}

}  // namespace

Outcome<Exit> run_extend(Run& run) {
  v1::ExtendRequest request;
  request.set_pool(run.options.prefix);
  request.set_dry_run(run.options.dry_run);
  return decree<v1::Extended>(run, "/v1/ipam/extend", request);
}

Outcome<Exit> run_assign(Run& run) {
  v1::AssignRequest request;
  request.set_prefix(run.options.prefix);
  request.set_owner(run.options.owner);
  request.set_dry_run(run.options.dry_run);
  return decree<v1::Assigned>(run, "/v1/ipam/assign", request);
}

}  // namespace overlay::ctl
