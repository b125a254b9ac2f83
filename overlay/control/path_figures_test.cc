// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/path_figures.h"

#include <gmock/gmock.h>

#include "overlay/control/metrics.h"

namespace overlay::control {
namespace {

using testing::HasSubstr;

TEST(PathFigures, AreCountersAndHistograms) {
  paths::Figures figures;
  figures.probes = 9;
  figures.lost = 2;
  figures.rtt.add(0.0002);
  figures.rtt.add(0.003);
  figures.rtt.add(3);
  figures.loss.add(0);
  figures.loss.add(0.5);
  const std::string text = to_metrics({}, {}, path_figures(figures));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_probes_total 9\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_probes_lost_total 2\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_rtt_seconds_bucket{le=\"0.0002\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_rtt_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_rtt_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_rtt_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_loss_ratio_bucket{le=\"0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_path_loss_ratio_bucket{le=\"0.5\"} 2\n"));
}

}  // namespace
}  // namespace overlay::control
