// SPDX-License-Identifier: Apache-2.0
// The node's state as Prometheus metrics. Pure.
//
// | name                        | labels  | is                                                      |
// |-----------------------------|---------|---------------------------------------------------------|
// | overlay_build_info          | version | always 1                                                |
// | overlay_ready               |         | 1 when the node can serve a CNI ADD                     |
// | overlay_peers               | state   | peers known: reachable, unreachable                     |
// | overlay_links               | state   | control sessions: connecting, handshake, established, … |
// | overlay_blocks_owned        |         | blocks this node owns                                   |
// | overlay_addresses_leased    |         | pod addresses leased here                               |
// | overlay_addresses_capacity  |         | pod addresses its blocks can lease                      |
// | overlay_alarms              |         | alarms that stand                                       |
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "overlay/v1/control.pb.h"

namespace overlay::control {

/// In the Prometheus text format, version 0.0.4.
std::string to_metrics(const v1::Status& status, const v1::Links& links,
                       std::vector<prometheus::MetricFamily> more = {});

}  // namespace overlay::control
