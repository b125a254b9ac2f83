// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/figures.h"

#include <gmock/gmock.h>

#include "overlay/control/metrics.h"

namespace overlay::control {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string shown() { return to_metrics({}, {}, Figures::instance().collect()); }

TEST(Figures, CountWhatHappens) {
  auto& figures = Figures::instance();
  EXPECT_THAT(shown(), HasSubstr("overlay_cni_seconds_count{call=\"gc\"} 0"));
  figures.count({node::Event::Level::warning, "figures-test", "h2", "", "", ""});
  EXPECT_THAT(shown(), HasSubstr("overlay_events_total{kind=\"figures-test\",level=\"warning\"} 1"));
  figures.cni_answered("gc", false, std::chrono::milliseconds(20));
  EXPECT_THAT(shown(), HasSubstr("overlay_cni_seconds_bucket{call=\"gc\",le=\"0.05\"} 1"));
  EXPECT_THAT(shown(), HasSubstr("overlay_cni_failures_total{call=\"gc\"} 1"));
  figures.kernel_passed(false, std::chrono::milliseconds(2), 7);
  EXPECT_THAT(shown(), HasSubstr("overlay_kernel_operations_total 7"));
  EXPECT_THAT(shown(), HasSubstr("overlay_kernel_pass_failures_total 1"));
  EXPECT_THAT(shown(), HasSubstr("overlay_kernel_repairs_total{object=\"neighbour\"} 0"));
  figures.kernel_repaired("neighbour", 3);
  EXPECT_THAT(shown(), HasSubstr("overlay_kernel_repairs_total{object=\"neighbour\"} 3"));
  figures.log_written(std::chrono::microseconds(50));
  EXPECT_THAT(shown(), HasSubstr("overlay_log_write_seconds_bucket{le=\"0.0001\"} 1"));
}

TEST(Figures, TheNameOfAnAlarmHoldsNoPrefix) {
  v1::Status status;
  for (const char* name : {"fork-10.32.7.0/24", "fork-10.32.8.0/24", "lost-block"})
    status.add_alarms()->set_name(name);
  const auto text = to_metrics(status, {});
  EXPECT_THAT(text, HasSubstr("overlay_alarm{name=\"fork\"} 1\noverlay_alarm{name=\"lost-block\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("10.32")));
}

}  // namespace
}  // namespace overlay::control
