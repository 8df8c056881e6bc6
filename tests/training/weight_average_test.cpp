#include "step/weight_average.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "head/small_heads.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using testing::small_shape;
using testing::values_of;

/// Weights that change at random from step to step.
class WeightAverageTest : public ::testing::Test {
 protected:
  HeadShape shape_ = small_shape(6, 2, 5, 0, {expr_task()});
  Head weights_{shape_, at::kFloat, at::kCPU};
  std::mt19937 random_{3};

  void move() {
    for (at::Tensor* buffer : {&weights_.parameters(), &weights_.statistics()}) {
      auto* values = buffer->mutable_data_ptr<float>();
      for (std::int64_t i = 0; i < buffer->numel(); ++i) {
        values[i] = std::normal_distribution<float>()(random_);
      }
    }
  }
};

TEST_F(WeightAverageTest, IsTheMeanWithFallingWeights) {
  for (const double decay : {.5, .9, .999}) {
    WeightAverage average(decay, shape_, at::kCPU);
    std::vector<std::vector<double>> history;
    for (std::int64_t step = 1; step <= 40; ++step) {
      move();
      average.add(weights_, step);
      history.push_back(values_of(weights_.statistics()));
      double total = 0;
      std::vector<double> expected(history.front().size());
      for (std::size_t s = 0; s < history.size(); ++s) {
        const double share = std::pow(decay, static_cast<double>(history.size() - 1 - s));
        total += share;
        for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += share * history[s][i];
      }
      const auto found = values_of(average.head().statistics());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i] / total, 2e-6) << decay << ", step " << step;
      }
    }
  }
}

TEST_F(WeightAverageTest, TheFirstStepIsAllOfIt) {
  WeightAverage average(.999, shape_, at::kCPU);
  move();
  average.add(weights_, 1);
  EXPECT_EQ(values_of(average.head().parameters()), values_of(weights_.parameters()));
  EXPECT_EQ(values_of(average.head().statistics()), values_of(weights_.statistics()));
}

}  // namespace
}  // namespace mien
