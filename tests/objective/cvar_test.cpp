#include "mien/objective/cvar.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

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
  return cvar(tensor, {}, std::ssize(losses), alpha).item<double>();
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
    const double found = cvar(losses, valid, std::ssize(chosen), alpha).item<double>();
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

TEST(Cvar, ItsGradientIsTheWeights) {
  at::Tensor losses = random_tensor({5}, 3);
  const std::vector<double> values = {3, 9, 1, 7, 5};
  std::ranges::copy(values, losses.mutable_data_ptr<double>());
  losses.set_requires_grad(true);
  cvar(losses, {}, 5, .5).backward();  // m = 2.5
  const auto gradient = values_of(losses.grad());
  const std::vector<double> expected = {0, .4, 0, .4, .2};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-15);
}

TEST(Cvar, GradientsOfLossesThatAreNotValidAreZeroAndFinite) {
  at::Tensor losses = random_tensor({4}, 3).set_requires_grad(true);
  const at::Tensor valid = random_tensor({4}, 3).gt(100).index_fill(0, at::arange(2), true);
  cvar(losses, valid, 2, 1).backward();
  const auto gradient = values_of(losses.grad());
  EXPECT_EQ(gradient, (std::vector<double>{.5, .5, 0, 0}));
}

TEST(Cvar, OfNothingIsZero) {
  const at::Tensor losses = random_tensor({3}, 1);
  EXPECT_EQ(cvar(losses, losses.gt(100), 0, .5).item<double>(), 0);
}

}  // namespace
}  // namespace mien
