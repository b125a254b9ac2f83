// SPDX-License-Identifier: Apache-2.0
// What an operator's wish would change, worked out before any voter is asked. Pure functions of the context;
// their errors are what the operator reads: Errc::not_found, Errc::conflict, Errc::invalid or Errc::refused.
#pragma once

#include "overlay/consensus/decree.h"
#include "overlay/node/context.h"
#include "overlay/node/plans.h"

namespace overlay::node {

/// How many hexadecimal digits are enough to name a node or a cluster by its id.
inline constexpr std::size_t id_digits = 8;
/// `hex` begins with `digits`, which are enough.
bool begins(const std::string& hex, const std::string& digits);

[[nodiscard]] Result<ForgetPlan> plan_forget(const Context& context, const ForgetRequest& request, Time now);
/// `at_once`: pods that run here are no obstacle.
[[nodiscard]] Result<LeavePlan> plan_leave(const Context& context, bool at_once, Time now);
[[nodiscard]] Result<ExtendPlan> plan_extend(const Context& context, const Prefix& pool);
[[nodiscard]] Result<AssignPlan> plan_assign(const Context& context, const AssignRequest& request);

consensus::Change change_of(const ForgetPlan& plan);
consensus::Change change_of(const ExtendPlan& plan);
consensus::Change change_of(const AssignPlan& plan);

/// Why a pool cannot be added, as far as this node sees: a member's underlay address lies in it.
[[nodiscard]] Status check_pool(const Context& context, const Prefix& pool);
/// Why a prefix cannot be assigned, as far as this node sees: it is not of one seat, or somebody else owns
/// some of it without a fork.
[[nodiscard]] Status check_assignment(const Context& context, const consensus::Assignment& assignment);

}  // namespace overlay::node
