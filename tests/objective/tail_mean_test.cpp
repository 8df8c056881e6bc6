#include "mien/objective/tail_mean.h"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

namespace mien {
namespace {

std::vector<double> means(std::vector<double> losses, std::vector<double> levels) {
  return upper_tail_means(std::move(losses), levels);
}

TEST(UpperTailMeans, GiveTheNextLossTheRestOfTheMass) {
  // m = 2.5: (4 + 3 + .5 * 2) / 2.5.
  EXPECT_DOUBLE_EQ(means({1, 4, 2, 3, 0}, {.5}).at(0), 3.2);
}

TEST(UpperTailMeans, AreTheMeanAtOneAndTheMaximumBelowOneLoss) {
  const auto found = means({1, 4, 2, 3}, {1, .25, .01});
  EXPECT_EQ(found, (std::vector<double>{2.5, 4, 4}));
}

TEST(UpperTailMeans, NeverFallWithTheLevel) {
  const auto found = means({3, 3, 3, 0, 0, 1, 2, 9}, {1, .9, .7, .5, .3, .125});
  for (std::size_t i = 1; i < found.size(); ++i) EXPECT_GE(found[i], found[i - 1]);
}

TEST(UpperTailMeans, AreZeroWithoutLosses) {
  EXPECT_EQ(means({}, {1, .5}), (std::vector<double>{0, 0}));
}

TEST(UpperTailMeans, RefuseLevelsOutOfRangeOrOrder) {
  EXPECT_THROW(means({1}, {0}), std::invalid_argument);
  EXPECT_THROW(means({1}, {1.5}), std::invalid_argument);
  EXPECT_THROW(means({1}, {.5, 1}), std::invalid_argument);
}

}  // namespace
}  // namespace mien
