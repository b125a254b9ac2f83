// SPDX-License-Identifier: Apache-2.0
// What this process takes of its host, under the names that Prometheus' own clients use.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "overlay/base/time.h"

namespace overlay::control {

std::vector<prometheus::MetricFamily> process_figures(WallTime started);

}  // namespace overlay::control
