// SPDX-License-Identifier: Apache-2.0
// What probes have shown of the ways to peers, as Prometheus metrics. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "overlay/paths/figures.h"

namespace overlay::control {

std::vector<prometheus::MetricFamily> path_figures(const paths::Figures& figures);

}  // namespace overlay::control
