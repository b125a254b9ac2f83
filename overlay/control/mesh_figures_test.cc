// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/mesh_figures.h"

#include <gmock/gmock.h>

#include "overlay/control/metrics.h"

namespace overlay::control {
namespace {

using testing::HasSubstr;

TEST(MeshFigures, TellBytesRecordsAndComparisons) {
  mesh::Figures figures;
  figures.sent_bytes = 1000;
  figures.heard_bytes = 2000;
  figures.news = 5;
  figures.repairs = 6;
  figures.known = 7;
  figures.records = {{"node", 3}, {"block", 4}};
  figures.comparisons.same = 8;
  figures.comparisons.different = 2;
  figures.comparisons.given_up = 1;
  figures.comparisons.seconds.add(0.02);
  figures.comparisons.seconds.add(20);
  const std::string text = to_metrics({}, {}, mesh_figures(figures));
  EXPECT_THAT(text, HasSubstr("\noverlay_gossip_bytes_total{direction=\"sent\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_gossip_bytes_total{direction=\"heard\"} 2000\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_records{kind=\"block\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_records_heard_total{as=\"news\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_records_heard_total{as=\"repair\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_records_heard_total{as=\"known\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_comparisons_total{found=\"same\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_comparisons_total{found=\"different\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_comparisons_total{found=\"no-answer\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_convergence_seconds_bucket{le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\noverlay_convergence_seconds_bucket{le=\"+Inf\"} 2\n"));
}

}  // namespace
}  // namespace overlay::control
