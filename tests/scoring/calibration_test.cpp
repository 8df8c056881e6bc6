#include "mien/scoring/calibration.h"

#include <gtest/gtest.h>

namespace mien {
namespace {

TEST(Reliability, IsZeroWhereProbabilitiesKeepTheirWord) {
  Reliability counts;
  for (int i = 0; i < 4; ++i) counts.add(.25, i == 0);
  counts.add(1, true);
  counts.add(0, false);
  EXPECT_DOUBLE_EQ(counts.ece(), 0);
  EXPECT_EQ(counts.count(), 6);
}

TEST(Reliability, IsTheDistanceOfAProbabilityThatIsAlwaysWrong) {
  Reliability counts;
  for (int i = 0; i < 5; ++i) counts.add(.9, false);
  EXPECT_DOUBLE_EQ(counts.ece(), .9);
}

TEST(Reliability, PutsAnEdgeIntoTheBinAboveAndOneIntoTheLast) {
  Reliability counts;
  counts.add(0, false);
  counts.add(1, true);
  counts.add(.2, true);  // 3/15 exactly
  EXPECT_EQ(counts.bin(0).count, 1);
  EXPECT_EQ(counts.bin(3).count, 1);
  EXPECT_EQ(counts.bin(14).count, 1);
  EXPECT_DOUBLE_EQ(counts.bin(3).mean_probability, .2);
  EXPECT_DOUBLE_EQ(counts.bin(3).share, 1);
}

TEST(Reliability, IsZeroWithoutEvents) {
  EXPECT_EQ(Reliability().ece(), 0);
  EXPECT_EQ(Reliability().bin(2).count, 0);
}

}  // namespace
}  // namespace mien
