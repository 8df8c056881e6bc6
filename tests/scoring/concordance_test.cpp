#include "mien/scoring/concordance.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mien {
namespace {

TEST(Concordance, IsOneForTheTruthItself) {
  Concordance moments;
  for (int i = 0; i < 100; ++i) moments.add(std::sin(i), std::sin(i));
  EXPECT_NEAR(moments.ccc(), 1.0, 1e-15);
}

TEST(Concordance, PunishesAnOffsetThatCorrelationDoesNotSee) {
  // Truth 0, 1, 2 against 1, 2, 3: var 2/3 each, cov 2/3, means 1 apart: 4/3 / (4/3 + 1).
  Concordance moments;
  for (int i = 0; i < 3; ++i) moments.add(i, i + 1);
  EXPECT_NEAR(moments.ccc(), 4.0 / 7, 1e-15);
}

TEST(Concordance, IsZeroForAConstantPrediction) {
  Concordance moments;
  for (int i = 0; i < 10; ++i) moments.add(i, 0.3);
  EXPECT_TRUE(moments.defined());
  EXPECT_NEAR(moments.ccc(), 0.0, 1e-15);
}

TEST(Concordance, IsZeroAndUndefinedWithoutValuesOrForOneSharedConstant) {
  Concordance moments;
  EXPECT_FALSE(moments.defined());
  EXPECT_EQ(moments.ccc(), 0.0);
  for (int i = 0; i < 7; ++i) moments.add(0.1, 0.1);
  EXPECT_FALSE(moments.defined());
  EXPECT_EQ(moments.ccc(), 0.0);
}

TEST(Concordance, IsTheSameWhetherValuesAreAddedOneByOneOrMerged) {
  Concordance whole, first, second;
  for (int i = 0; i < 200; ++i) {
    const double truth = std::sin(i * 0.7), prediction = std::sin(i * 0.7 + 0.4) * 0.8;
    whole.add(truth, prediction);
    (i < 37 ? first : second).add(truth, prediction);
  }
  first.merge(second);
  EXPECT_EQ(first.count(), 200);
  EXPECT_NEAR(first.ccc(), whole.ccc(), 1e-14);
}

TEST(Concordance, MergesCopiesAsIfTheyWereAddedAgain) {
  Concordance part, repeated, merged;
  for (int i = 0; i < 50; ++i) part.add(std::cos(i), std::cos(i + 0.5));
  for (int copy = 0; copy < 4; ++copy) repeated.merge(part);
  merged.merge(part, 4);
  EXPECT_EQ(merged.count(), repeated.count());
  EXPECT_NEAR(merged.ccc(), repeated.ccc(), 1e-14);
  merged.merge(part, 0);
  EXPECT_EQ(merged.count(), 200);
}

TEST(Concordance, KeepsItsDigitsBesideALargeMean) {
  Concordance near_zero, far;
  for (int i = 0; i < 1000; ++i) {
    const double truth = (i % 16) / 16.0, prediction = ((i * 7) % 16) / 16.0;
    near_zero.add(truth, prediction);
    far.add(truth + 1e6, prediction + 1e6);
  }
  EXPECT_NEAR(far.ccc(), near_zero.ccc(), 1e-9);
}

}  // namespace
}  // namespace mien
