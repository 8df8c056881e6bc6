#include "mien/scoring/bootstrap.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

namespace mien {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double weighted_mean(std::span<const double> values, std::span<const std::int32_t> multiplicities) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i] * multiplicities[i];
    count += multiplicities[i];
  }
  return sum / count;
}

Statistics mean_of(const std::vector<double>& values) {
  return [values](auto draw) { return std::vector<double>{weighted_mean(values, draw)}; };
}

TEST(Bootstrap, DrawsAsManyVideosAsThereAre) {
  for (const auto& draw : bootstrap_multiplicities(36, {100, 1})) {
    EXPECT_EQ(std::accumulate(draw.begin(), draw.end(), 0), 36);
  }
}

TEST(Bootstrap, DrawsAreAFunctionOfSeedAndNumberOfVideosOnEveryPlatform) {
  const auto draws = bootstrap_multiplicities(5, {3, 5});
  EXPECT_EQ(draws, bootstrap_multiplicities(5, {3, 5}));
  EXPECT_NE(draws, bootstrap_multiplicities(5, {3, 6}));
  // Golden: the upper 32 bits of mt19937_64(5), times 5, divided by 2^32.
  const std::vector<std::vector<std::int32_t>> golden = {
      {2, 1, 0, 2, 0}, {2, 1, 0, 2, 0}, {1, 2, 1, 0, 1}};
  EXPECT_EQ(draws, golden);
}

TEST(Bootstrap, AFewDrawsAreTheFirstOfMany) {
  auto many = bootstrap_multiplicities(20, {50, 9});
  many.resize(10);
  EXPECT_EQ(bootstrap_multiplicities(20, {10, 9}), many);
}

TEST(Bootstrap, DrawsEveryVideoEquallyOften) {
  std::vector<std::int64_t> sums(10);
  for (const auto& draw : bootstrap_multiplicities(10, {5000, 3})) {
    for (std::size_t v = 0; v < sums.size(); ++v) sums[v] += draw[v];
  }
  for (const std::int64_t sum : sums) EXPECT_NEAR(static_cast<double>(sum), 5000, 300);
}

TEST(Bootstrap, GivesNoIntervalWithoutDraws) {
  const auto estimates = bootstrap(3, mean_of({1, 2, 6}), {0, 1});
  EXPECT_DOUBLE_EQ(estimates.at(0).value, 3.0);
  EXPECT_FALSE(estimates.at(0).interval.has_value());
  EXPECT_FALSE(bias_corrected_interval(1.0, {}).has_value());
}

TEST(Bootstrap, OneVideoHasAnIntervalOfNoWidth) {
  const auto estimate = bootstrap(1, mean_of({0.25}), {200, 1}).at(0);
  ASSERT_TRUE(estimate.interval.has_value());
  EXPECT_EQ(estimate.interval->low, 0.25);
  EXPECT_EQ(estimate.interval->high, 0.25);
}

TEST(Bootstrap, CoversTheEstimateWithManyVideos) {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back((i * 37 % 40) / 40.0);
  const auto estimate = bootstrap(values.size(), mean_of(values), {2000, 5}).at(0);
  ASSERT_TRUE(estimate.interval.has_value());
  // The mean's standard error is about .0456.
  EXPECT_NEAR(estimate.interval->low, estimate.value - 0.09, 0.015);
  EXPECT_NEAR(estimate.interval->high, estimate.value + 0.09, 0.015);
}

TEST(Bootstrap, EveryNumberOfAStatisticGetsItsInterval) {
  const auto both = [](auto draw) {
    return std::vector<double>{static_cast<double>(draw[0]), static_cast<double>(draw[1])};
  };
  EXPECT_EQ(bootstrap(2, both, {100, 1}).size(), 2U);
}

TEST(Bootstrap, PairsTwoRunsOnTheSameDraws) {
  const std::vector<double> a = {0.1, 0.5, 0.9, 0.3}, b = {0.2, 0.6, 1.0, 0.4};
  const auto difference = [&](auto draw) {
    return std::vector<double>{weighted_mean(b, draw) - weighted_mean(a, draw)};
  };
  const auto estimate = bootstrap(4, difference, {500, 2}).at(0);
  EXPECT_NEAR(estimate.interval->low, 0.1, 1e-12);
  EXPECT_NEAR(estimate.interval->high, 0.1, 1e-12);
}

TEST(BiasCorrectedInterval, IsThePercentileIntervalWhenTheEstimateIsTheMedian) {
  std::vector<double> draws;
  for (int i = 0; i <= 1000; ++i) draws.push_back(i);
  const auto interval = bias_corrected_interval(500, draws);
  EXPECT_NEAR(interval->low, 25, 1e-9);
  EXPECT_NEAR(interval->high, 975, 1e-9);
}

TEST(BiasCorrectedInterval, MovesUpWhenMostDrawsAreBelowTheEstimate) {
  std::vector<double> draws;
  for (int i = 0; i <= 1000; ++i) draws.push_back(i);
  const auto interval = bias_corrected_interval(700, draws);
  EXPECT_GT(interval->low, 25);
  EXPECT_GT(interval->high, 975);
}

TEST(BiasCorrectedInterval, StaysFiniteWhenTheEstimateIsBeyondAllDraws) {
  const std::vector<double> draws = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  for (const double estimate : {-100.0, 100.0}) {
    const auto interval = bias_corrected_interval(estimate, draws);
    ASSERT_TRUE(interval.has_value());
    EXPECT_LE(1, interval->low);
    EXPECT_LE(interval->low, interval->high);
    EXPECT_LE(interval->high, 10);
  }
}

TEST(BiasCorrectedInterval, IsOverTheDrawsThatTellTheNumber) {
  std::vector<double> draws = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const auto expected = bias_corrected_interval(5, draws);
  draws.insert(draws.begin() + 3, 4, kNone);
  const auto found = bias_corrected_interval(5, draws);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->low, expected->low);
  EXPECT_EQ(found->high, expected->high);
}

TEST(BiasCorrectedInterval, IsNoneWhereOneUnitAloneTellsTheNumber) {
  EXPECT_FALSE(bias_corrected_interval(.5, {.5, kNone, .5}).has_value());
  EXPECT_FALSE(bias_corrected_interval(.5, {kNone, kNone}).has_value());
  EXPECT_FALSE(bias_corrected_interval(kNone, {.5, .25}).has_value());
  EXPECT_TRUE(bias_corrected_interval(.5, {.5, .5}).has_value()) << "all draws tell it";
}

TEST(Bootstrap, GivesNoProbabilityWhereNoDrawTellsTheNumber) {
  const auto statistics = [](auto draw) {
    return std::vector<double>{draw[0] > 0 ? 1. : kNone, draw[0] > 0 ? -1. : 1., kNone};
  };
  const BootstrapSample sample = bootstrap_sample(3, statistics, {200, 1});
  EXPECT_EQ(sample.probability_positive(0), 1) << "draws without the first unit do not count";
  EXPECT_LT(sample.probability_positive(1), .5);
  EXPECT_FALSE(sample.probability_positive(2).has_value());
}

}  // namespace
}  // namespace mien
