#include "mien/training/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace mien {
namespace {

TEST(ScheduleTest, RisesLinearlyThenFallsByACosine) {
  const Schedule schedule({"cosine", 2, 1e-5}, 1e-3, 10, 5);
  for (std::int64_t s = 0; s < 10; ++s) {
    EXPECT_DOUBLE_EQ(schedule.at(s), 1e-3 * static_cast<double>(s + 1) / 10);
  }
  EXPECT_DOUBLE_EQ(schedule.at(10), 1e-3);
  EXPECT_NEAR(schedule.at(30), (1e-3 + 1e-5) / 2, 1e-15) << "half way";
  const double last = 1e-5 + (1e-3 - 1e-5) * (1 + std::cos(std::numbers::pi * 39 / 40)) / 2;
  EXPECT_NEAR(schedule.at(49), last, 1e-15);
}

TEST(ScheduleTest, StaysWithinItsBoundsAndNeverRisesAfterTheWarmUp) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::int64_t epochs = 1 + random() % 9, steps = 1 + random() % 9;
    const ScheduleOptions options{"cosine", static_cast<std::int64_t>(random() % 12), 1e-5};
    const Schedule schedule(options, 1e-3, epochs, steps);
    const std::int64_t warmup = std::min(options.warmup_epochs, epochs) * steps;
    for (std::int64_t s = 0; s < epochs * steps; ++s) {
      EXPECT_GT(schedule.at(s), 0);
      EXPECT_LE(schedule.at(s), 1e-3 * (1 + 1e-12));
      EXPECT_TRUE(s < warmup || schedule.at(s) >= 1e-5);
      EXPECT_TRUE(s <= warmup || schedule.at(s) <= schedule.at(s - 1));
      EXPECT_TRUE(s == 0 || s >= warmup || schedule.at(s) > schedule.at(s - 1));
    }
  }
}

TEST(ScheduleTest, AWarmUpOfTheWholeTrainingIsLegal) {
  for (const std::int64_t warmup : {3, 4, 1000}) {
    const Schedule schedule({"cosine", warmup, 1e-5}, 1e-3, 3, 4);
    EXPECT_DOUBLE_EQ(schedule.at(11), 1e-3);
    EXPECT_DOUBLE_EQ(schedule.at(0), 1e-3 / 12);
    EXPECT_TRUE(std::isfinite(schedule.at(12)));
  }
}

TEST(ScheduleTest, ConstantWithoutWarmUpIsFlat) {
  const Schedule flat({"constant", 0, 1e-5}, .5, 4, 3);
  for (std::int64_t s = 0; s < 12; ++s) EXPECT_EQ(flat.at(s), .5);
  const Schedule rising({"constant", 1, 1e-5}, .5, 4, 4);
  EXPECT_EQ(rising.at(1), .25);
  EXPECT_EQ(rising.at(4), .5);
  EXPECT_EQ(rising.at(15), .5);
}

TEST(ScheduleTest, TheReferenceSwingsByEpochAndEndsHigh) {
  const Schedule schedule({"reference", 1, 1e-5}, 1e-3, 32, 7);
  EXPECT_DOUBLE_EQ(schedule.at(0), 1e-3) << "no warm-up";
  EXPECT_EQ(schedule.at(6), schedule.at(0)) << "the same within an epoch";
  EXPECT_NEAR(schedule.at(8 * 7), 1e-5, 1e-15) << "T_max = 8 epochs";
  EXPECT_NEAR(schedule.at(16 * 7), 1e-3, 1e-15);
  EXPECT_GT(schedule.at(31 * 7), 9e-4);
}

TEST(ScheduleTest, TheReferencesPeriodMayBeFractional) {
  const Schedule schedule({"reference", 0, 0}, 1, 10, 1);
  for (std::int64_t epoch = 0; epoch < 10; ++epoch) {
    const auto e = static_cast<double>(epoch);
    EXPECT_NEAR(schedule.at(epoch), (1 + std::cos(std::numbers::pi * e / 2.5)) / 2, 1e-15);
  }
}

TEST(AlphaScheduleTest, GoesInALineAndStays) {
  const AlphaSchedule schedule({.cvar_alpha = .2, .cvar_alpha_start = 1, .cvar_alpha_epochs = 2},
                               5);
  EXPECT_EQ(schedule.at(0), 1);
  EXPECT_DOUBLE_EQ(schedule.at(1), .92);
  EXPECT_DOUBLE_EQ(schedule.at(5), .6);
  EXPECT_DOUBLE_EQ(schedule.at(9), .28);
  EXPECT_EQ(schedule.at(10), .2);
  EXPECT_EQ(schedule.at(1000), .2);
  const AlphaSchedule rising({.cvar_alpha = .5, .cvar_alpha_start = .1, .cvar_alpha_epochs = 1}, 4);
  EXPECT_DOUBLE_EQ(rising.at(2), .3);
}

TEST(AlphaScheduleTest, IsAlphaWithoutEpochs) {
  const AlphaSchedule schedule({.cvar_alpha = .3, .cvar_alpha_start = .9}, 5);
  for (const std::int64_t step : {0, 1, 100}) EXPECT_EQ(schedule.at(step), .3);
}

}  // namespace
}  // namespace mien
