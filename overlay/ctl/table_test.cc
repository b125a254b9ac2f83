// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/table.h"

#include <gmock/gmock.h>

namespace overlay::ctl {
namespace {

using Aligned = Column::Kind;

Table example() {
  Table table({{"NAME"}, {"COUNT", Aligned::number}, {"REASON", Aligned::remark}});
  table.add({std::string("h1"), std::string("1"), std::string("")});
  table.add(
      {Cell("a-long-name", Tone::bad), std::string("12345678"), std::string("one two three four five")});
  return table;
}

TEST(Table, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(example().text({}),
            "NAME            COUNT  REASON\n"
            "h1                  1  -\n"
            "a-long-name  12345678  one two three four five\n");
}

TEST(Table, ShortensOnlyTheRemarkAndOnlyOnATerminal) {
  EXPECT_EQ(example().text({.width = 41}),
            "NAME            COUNT  REASON\n"
            "h1                  1  -\n"
            "a-long-name  12345678  one two three fou…\n");
}

TEST(Table, LeavesARemarkReadableOnAVeryNarrowTerminal) {
  EXPECT_THAT(example().text({.width = 10}), testing::HasSubstr("a-long-name  12345678  one two three f…\n"));
}

TEST(Table, ColoursWithoutMovingColumns) {
  EXPECT_THAT(example().text({.colour = true}),
              testing::HasSubstr("\n\x1b[31ma-long-name\x1b[0m  12345678  one"));
}

TEST(Table, ShowsItsHeaderEvenWithoutRows) {
  EXPECT_EQ(Table({{"A"}, {"B", Aligned::number}}).text({}), "A  B\n");
}

TEST(Table, DoesNotLetTextSteerTheTerminal) {
  Table table({{"A"}});
  table.add({std::string("x\x1b[2Jy\nz")});
  EXPECT_EQ(table.text({}), "A\nx?[2Jy?z\n");
}

}  // namespace
}  // namespace overlay::ctl
