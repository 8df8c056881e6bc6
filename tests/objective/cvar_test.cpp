#include "mien/objective/cvar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "head/small_heads.h"

namespace mien {
namespace {

using testing::random_tensor;
using testing::values_of;

/// The definition: the minimum over t, which lies at one of the losses.
double by_definition(const std::vector<double>& losses, double alpha) {
  double best = std::numeric_limits<double>::infinity();
  for (const double t : losses) {
    double excess = 0;
    for (const double loss : losses) excess += std::max(loss - t, 0.);
    best = std::min(best, t + excess / (alpha * static_cast<double>(losses.size())));
  }
  return best;
}

double cvar_of(const std::vector<double>& losses, double alpha) {
  at::Tensor tensor = random_tensor({std::ssize(losses)}, 1);
  std::ranges::copy(losses, tensor.mutable_data_ptr<double>());
  return cvar(tensor, {}, alpha).item<double>();
}

TEST(Cvar, EqualsTheDefinitionOnRandomLosses) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(1e-3, 1);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> losses(1 + random() % 40);
    for (double& loss : losses) {
      loss = round % 3 == 0 ? static_cast<double>(random() % 4) : 3 * uniform(random);
    }
    const double alpha =
        round % 4 == 0 ? static_cast<double>(1 + random() % 10) / 10 : uniform(random);
    EXPECT_NEAR(cvar_of(losses, alpha), by_definition(losses, alpha), 1e-9)
        << losses.size() << " losses at " << alpha;
  }
}

TEST(Cvar, LeavesOutWhatIsNotValid) {
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    const std::int64_t rows = 1 + random() % 9, columns = 1 + random() % 5;
    const at::Tensor losses = random_tensor({rows, columns}, round).abs();
    const at::Tensor valid = random_tensor({rows, columns}, round + 1000).gt(0);
    losses.masked_fill_(valid.logical_not(), 1e9);  // must not be seen
    const auto chosen = values_of(losses.masked_select(valid));
    const double alpha = static_cast<double>(1 + random() % 100) / 100;
    const double found = cvar(losses, valid, alpha).item<double>();
    EXPECT_NEAR(found, chosen.empty() ? 0 : by_definition(chosen, alpha), 1e-9);
  }
}

TEST(Cvar, AtOneIsTheMean) {
  EXPECT_NEAR(cvar_of({1, 2, 3, 10}, 1), 4, 1e-15);
}

TEST(Cvar, ATailOfLessThanOneLossIsTheMaximum) {
  EXPECT_DOUBLE_EQ(cvar_of({1, 7, 3}, 1e-9), 7);
  EXPECT_DOUBLE_EQ(cvar_of({1, 7, 3}, 1. / 3), 7);
  EXPECT_DOUBLE_EQ(cvar_of({5}, .5), 5);
}

TEST(Cvar, SharesTheLossAtTheEdge) {
  // m = 1.5: the largest, and half of the next.
  EXPECT_NEAR(cvar_of({1, 7, 4}, .5), (7 + .5 * 4) / 1.5, 1e-15);
}

TEST(Cvar, NeverFallsWhenTheTailShrinks) {
  std::vector<double> losses;
  for (int i = 0; i < 37; ++i) losses.push_back(i * i % 23);
  double before = cvar_of(losses, 1);
  for (double alpha = .99; alpha > 0; alpha -= .01) {
    const double value = cvar_of(losses, alpha);
    EXPECT_GE(value, before - 1e-12);
    before = value;
  }
}

at::Tensor tensor_of(const std::vector<double>& values) {
  const at::Tensor tensor = random_tensor({std::ssize(values)}, 1);
  std::ranges::copy(values, tensor.mutable_data_ptr<double>());
  return tensor;
}

TEST(CvarWeightsTest, AreWholeForTheLargestPartialForTheNextAndElseZero) {
  const CvarWeights tail = cvar_weights(tensor_of({3, 9, 1, 7, 5}), {}, .5);  // m = 2.5
  const auto weights = values_of(tail.weights);
  const std::vector<double> expected = {0, .4, 0, .4, .2};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(weights[i], expected[i], 1e-15);
  EXPECT_EQ(tail.level.item<double>(), 5);
}

TEST(CvarWeightsTest, GiveTheEarlierOfEqualLossesItsWeightFirst) {
  const CvarWeights tail = cvar_weights(tensor_of({4, 4, 7, 4}), {}, .5);
  EXPECT_EQ(values_of(tail.weights), (std::vector<double>{.5, 0, .5, 0}));
  EXPECT_EQ(tail.level.item<double>(), 4);
}

TEST(CvarWeightsTest, AreZeroWhereALossIsNotValidWhateverItIs) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const at::Tensor losses = tensor_of({2, NAN, kInfinity, 1, -kInfinity});
  const at::Tensor valid = tensor_of({1, 0, 0, 1, 0}).gt(0);
  for (const double alpha : {1., .999}) {
    const CvarWeights tail = cvar_weights(losses, valid, alpha);
    EXPECT_NEAR(values_of(tail.weights)[0] + values_of(tail.weights)[3], 1, 1e-15);
    EXPECT_EQ(values_of(tail.weights)[1], 0);
    EXPECT_EQ(tail.level.item<double>(), 1);
    EXPECT_NEAR(cvar(losses, valid, alpha).item<double>(), 1.5, 1e-3);
  }
}

TEST(CvarWeightsTest, AnInfiniteValidLossIsNotHidden) {
  const at::Tensor losses = tensor_of({2, NAN, 3});
  EXPECT_TRUE(std::isnan(cvar(losses, {}, .5).item<double>()));
}

TEST(CvarWeightsTest, OfColumnsAreThoseOfEachColumn) {
  const at::Tensor losses = random_tensor({9, 4}, 5), valid = random_tensor({9, 4}, 6).gt(-.3);
  valid.select(1, 2).fill_(false);
  for (const double alpha : {1., .4}) {
    const CvarWeights columns = cvar_weights_by_column(losses, valid, alpha);
    for (std::int64_t c = 0; c < 4; ++c) {
      const CvarWeights one = cvar_weights(losses.select(1, c), valid.select(1, c), alpha);
      EXPECT_EQ(values_of(columns.weights.select(1, c)), values_of(one.weights));
      EXPECT_EQ(values_of(columns.level)[static_cast<std::size_t>(c)], one.level.item<double>());
    }
  }
}

TEST(CvarWeightsTest, OfNothingAreZero) {
  const at::Tensor losses = random_tensor({3}, 1);
  for (const double alpha : {1., .5}) {
    const CvarWeights tail = cvar_weights(losses, losses.gt(100), alpha);
    EXPECT_EQ(values_of(tail.weights), std::vector<double>(3, 0));
    EXPECT_EQ(tail.level.item<double>(), 0);
    EXPECT_EQ(cvar(losses, losses.gt(100), alpha).item<double>(), 0);
  }
}

}  // namespace
}  // namespace mien
