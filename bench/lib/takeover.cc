// SPDX-License-Identifier: Apache-2.0
// How long after a silent cut a node with so many peers notices it, as a Markdown table: the real scheduler
// of probes in virtual time, every other peer answering at once. A relay takes over within half a second of
// that.
#include <cstdio>

#include "overlay/paths/test_prober.h"

int main() {
  using overlay::seconds;
  using overlay::paths::test::notice;
  std::printf(
      "| peers | nothing sent there: median, s | longest of 9, s | pods send there: median, s | longest of "
      "9, s |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const std::size_t peers : {64, 100, 250, 500, 1000, 2500, 5000}) {
    const auto idle = notice(peers, false, 9);
    const auto busy = notice(peers, true, 9);
    std::printf("| %zu | %.1f | %.1f | %.1f | %.1f |\n", peers, seconds(idle.median), seconds(idle.longest),
                seconds(busy.median), seconds(busy.longest));
  }
  return 0;
}
