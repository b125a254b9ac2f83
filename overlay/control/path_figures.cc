// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/path_figures.h"

#include "overlay/control/families.h"

namespace overlay::control {

std::vector<prometheus::MetricFamily> path_figures(const paths::Figures& figures) {
  return {
      counter("overlay_path_probes_total", "Probes of ways to peers that were sent.", figures.probes),
      counter("overlay_path_probes_lost_total", "Those that were not answered in time.", figures.lost),
      distribution("overlay_path_rtt_seconds", "Round trips of probes of the ways in use.", figures.rtt),
      distribution("overlay_path_loss_ratio",
                   "What a way in use has lost of its last 32 probes, noted with each probe.", figures.loss)};
}

}  // namespace overlay::control
