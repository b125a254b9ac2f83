// SPDX-License-Identifier: Apache-2.0
// Kernel objects in the words of the local API. Pure.
#pragma once

#include <vector>

#include "overlay/node/view.h"
#include "overlay/plan/intent.h"
#include "overlay/plan/objects.h"
#include "overlay/v1/control.pb.h"

namespace overlay::control {

/// Every object that `intent` wants or the kernel has, kind by kind in the order they are added to a kernel,
/// each kind sorted. `peers` names those of the intent.
v1::Routes to_routes(const plan::Intent& intent, const plan::Objects& observed,
                     const std::vector<node::PeerView>& peers);

/// What is in `before` and not in `after`, without settings, in the order a teardown takes it away.
v1::Removed to_removed(const plan::Objects& before, const plan::Objects& after);

}  // namespace overlay::control
