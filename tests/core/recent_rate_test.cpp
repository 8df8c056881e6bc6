#include "mien/core/recent_rate.h"

#include <gtest/gtest.h>

namespace mien {
namespace {

using namespace std::chrono_literals;
const RecentRate::Clock::time_point kStart{};

TEST(RecentRateTest, IsZeroBeforeAnyTimeHasPassed) {
  EXPECT_EQ(RecentRate(kStart).per_second(kStart), 0);
}

TEST(RecentRateTest, IsOfAllTheTimeWhileThatIsShort) {
  RecentRate rate(kStart);
  rate.add(kStart + 100ms, 10);
  rate.add(kStart + 500ms, 10);
  EXPECT_DOUBLE_EQ(rate.per_second(kStart + 1s), 20);
}

TEST(RecentRateTest, ForgetsHowItWentBefore) {
  RecentRate rate(kStart);
  auto now = kStart;
  for (int second = 0; second < 3600; ++second) rate.add(now += 1s, 5);
  for (int second = 0; second < 60; ++second) rate.add(now += 1s, 400);
  EXPECT_DOUBLE_EQ(rate.per_second(now), 400);
}

TEST(RecentRateTest, FallsWhileNothingIsDone) {
  RecentRate rate(kStart);
  rate.add(kStart + 10s, 100);
  EXPECT_DOUBLE_EQ(rate.per_second(kStart + 10s), 10);
  EXPECT_DOUBLE_EQ(rate.per_second(kStart + 100s), 1);
}

TEST(RecentRateTest, CountsManyUnitsWithinASecond) {
  RecentRate rate(kStart);
  for (int i = 1; i <= 40'000; ++i) rate.add(kStart + i * 1ms, 3);
  EXPECT_NEAR(rate.per_second(kStart + 40s), 3000, 1);
}

}  // namespace
}  // namespace mien
