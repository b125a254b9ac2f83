// SPDX-License-Identifier: Apache-2.0
// `overlayctl status`: one screen that says whether this node is connected, to whom not and why, what it
// waits for and what needs a person. Pure.
#pragma once

#include <string>

#include "overlay/ctl/table.h"
#include "overlay/v1/control.pb.h"

namespace overlay::ctl {

std::string show(const v1::Status& status, const Look& look);

/// Ready, and no alarm stands.
bool is_well(const v1::Status& status);

}  // namespace overlay::ctl
