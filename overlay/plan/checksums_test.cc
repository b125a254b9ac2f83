// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/checksums.h"

#include <gtest/gtest.h>

namespace overlay::plan {
namespace {

using Verdict = ChecksumTest::Verdict;

TEST(Checksums, AreGoodAsSoonAsOneSurvives) {
  ChecksumTest test;
  test.note(true, false);
  test.note(true, false);
  EXPECT_EQ(test.verdict(), Verdict::undecided) << "packets are lost for many reasons";
  test.note(false, true);
  EXPECT_EQ(test.verdict(), Verdict::good);
}

TEST(Checksums, AreBadWhenOnlyTheKernelsOwnSurviveAgainAndAgain) {
  ChecksumTest test;
  for (int i = 1; i < ChecksumTest::rounds_needed; ++i) {
    test.note(true, false);
    test.note(false, false);
    EXPECT_EQ(test.verdict(), Verdict::undecided);
  }
  test.note(true, false);
  EXPECT_EQ(test.verdict(), Verdict::bad);
}

TEST(Checksums, SayNothingWhereNobodyAnswers) {
  ChecksumTest test;
  for (int i = 0; i < ChecksumTest::rounds_max; ++i) test.note(false, false);
  EXPECT_EQ(test.verdict(), Verdict::nobody);
}

}  // namespace
}  // namespace overlay::plan
