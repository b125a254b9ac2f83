// SPDX-License-Identifier: Apache-2.0
// What the mesh has said and heard, as Prometheus metrics. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "overlay/mesh/figures.h"

namespace overlay::control {

std::vector<prometheus::MetricFamily> mesh_figures(const mesh::Figures& figures);

}  // namespace overlay::control
