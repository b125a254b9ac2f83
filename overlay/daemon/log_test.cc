// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/log.h"

#include <gtest/gtest.h>

namespace overlay::daemon {
namespace {

TEST(LogLine, IsAKindAndFields) {
  EXPECT_EQ(log_line("link", {{"subject", "h2"}, {"to", "10.0.0.2:6783"}}),
            "link subject=h2 to=10.0.0.2:6783");
}

TEST(LogLine, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(log_line("link", {{"from", ""}, {"to", "up"}}), "link to=up");
}

TEST(LogLine, QuotesWhatIsNotPlain) {
  EXPECT_EQ(log_line("x", {{"text", "two words"}}), R"(x text="two words")");
  EXPECT_EQ(log_line("x", {{"text", R"(a "b" \ c)"}}), R"(x text="a \"b\" \\ c")");
  EXPECT_EQ(log_line("x", {{"text", "k=v"}}), R"(x text="k=v")");
}

TEST(LogLine, StaysOneLineWhateverAPeerIsCalled) {
  EXPECT_EQ(log_line("peer", {{"subject", "h2\n<3>forged\x1b[31m"}}), R"(peer subject="h2 <3>forged [31m")");
}

}  // namespace
}  // namespace overlay::daemon
