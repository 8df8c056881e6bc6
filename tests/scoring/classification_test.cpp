#include "mien/scoring/classification.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace mien {
namespace {

constexpr std::size_t kUnits = 12;

std::vector<double> units(double value) {
  return std::vector<double>(kUnits, value);
}

TEST(Confusion, CountsTheTruthInRows) {
  Confusion counts(3);
  counts.add(0, 2);
  counts.add(0, 2);
  counts.add(1, 1);
  EXPECT_EQ(counts.count(0, 2), 2);
  EXPECT_EQ(counts.count(2, 0), 0);
  EXPECT_EQ(counts.support(0), 2);
  EXPECT_EQ(counts.predicted(2), 2);
  EXPECT_EQ(counts.total(), 3);
  EXPECT_DOUBLE_EQ(counts.accuracy(), 1.0 / 3);
}

TEST(Confusion, DividesTheMacroF1ByAllClassesAlsoWhenSomeAreAbsent) {
  Confusion counts(8);
  for (int i = 0; i < 5; ++i) counts.add(3, 3);
  EXPECT_DOUBLE_EQ(counts.f1(3), 1.0);
  EXPECT_DOUBLE_EQ(counts.macro_f1(), 1.0 / 8);
}

TEST(Confusion, SaysWhichF1IsUndefinedAndCountsItAsZero) {
  Confusion counts(3);
  counts.add(0, 1);
  EXPECT_TRUE(counts.f1_defined(0));
  EXPECT_TRUE(counts.f1_defined(1));
  EXPECT_FALSE(counts.f1_defined(2));
  EXPECT_EQ(counts.f1(2), 0.0);
  EXPECT_EQ(counts.macro_f1(), 0.0);
}

TEST(Confusion, IsZeroWithoutFrames) {
  const Confusion counts(8);
  EXPECT_EQ(counts.macro_f1(), 0.0);
  EXPECT_EQ(counts.accuracy(), 0.0);
}

TEST(Confusion, MergesCopiesOfAnother) {
  Confusion one(2), total(2);
  one.add(0, 0);
  one.add(1, 0);
  total.merge(one, 3);
  total.merge(one);
  EXPECT_EQ(total.total(), 8);
  EXPECT_EQ(total.count(1, 0), 4);
  EXPECT_DOUBLE_EQ(total.macro_f1(), one.macro_f1());
}

TEST(Confusion, RefusesClassesThatItDoesNotHave) {
  Confusion counts(8);
  EXPECT_THROW(counts.add(8, 0), std::out_of_range);
  EXPECT_THROW(counts.add(0, 8), std::out_of_range);
  EXPECT_THROW(counts.merge(Confusion(7)), std::logic_error);
}

TEST(BinaryCounts, GivesTheF1OfThePositiveClass) {
  BinaryCounts counts;
  counts.add(true, true);
  counts.add(true, false);
  counts.add(false, true);
  counts.add(false, false);
  EXPECT_DOUBLE_EQ(counts.f1(), 0.5);
  EXPECT_EQ(counts.total(), 4);
}

TEST(BinaryCounts, IsUndefinedAndZeroWithoutAnyPositive) {
  BinaryCounts counts;
  counts.add(false, false);
  EXPECT_FALSE(counts.f1_defined());
  EXPECT_EQ(counts.f1(), 0.0);
}

TEST(OutputCounts, DropsARowWithOneUnknownOutputByTheChallengesPolicy) {
  OutputCounts counts(kUnits);
  auto truth = units(1);
  truth[4] = kUnknown;
  EXPECT_FALSE(counts.add_row(truth, units(1), PartlyKnown::kDropRow));
  for (const BinaryCounts& unit : counts.outputs) EXPECT_EQ(unit.total(), 0);
}

TEST(OutputCounts, MasksOnlyTheUnknownOutputWhenAsked) {
  OutputCounts counts(kUnits);
  auto truth = units(1);
  truth[4] = kUnknown;
  EXPECT_TRUE(counts.add_row(truth, units(1), PartlyKnown::kMaskValue));
  EXPECT_EQ(counts.outputs[4].total(), 0);
  EXPECT_EQ(counts.outputs[5].tp, 1);
  EXPECT_DOUBLE_EQ(counts.mean_f1(PartlyKnown::kDropRow), 11.0 / 12) << "all outputs count there";
  EXPECT_DOUBLE_EQ(counts.mean_f1(PartlyKnown::kMaskValue), 1) << "of those that can be judged";
}

TEST(OutputCounts, CountsNothingOfARowThatIsNotKnownAtAll) {
  OutputCounts counts(kUnits);
  EXPECT_FALSE(counts.add_row(units(kUnknown), units(1), PartlyKnown::kMaskValue));
}

TEST(OutputCounts, RefusesRowsOfAnotherLength) {
  OutputCounts counts(kUnits);
  const std::vector<double> short_row(11, 1.0F);
  EXPECT_THROW(counts.add_row(short_row, units(1), PartlyKnown::kDropRow), std::logic_error);
}

}  // namespace
}  // namespace mien
