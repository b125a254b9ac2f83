// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/checksums.h"

namespace overlay::plan {

void ChecksumTest::note(bool summed_by_kernel, bool left_below) {
  ++rounds_;
  if (summed_by_kernel && !left_below) ++only_kernel_;
  if (left_below) {
    verdict_ = Verdict::good;
  } else if (only_kernel_ >= rounds_needed) {
    verdict_ = Verdict::bad;
  } else if (rounds_ >= rounds_max) {
    verdict_ = Verdict::nobody;
  }
}

}  // namespace overlay::plan
