#include "mien/objective/curvature.h"

#include <gtest/gtest.h>

#include "head/small_heads.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using testing::random_tensor;
using testing::values_of;

/// One minus the CCC of tanh(z), mean of the columns, over the rows that `valid` names.
double plain_concordance(const at::Tensor& z, const at::Tensor& y, const at::Tensor& valid) {
  double sum = 0;
  for (std::int64_t c = 0; c < 2; ++c) {
    const at::Tensor p = z.select(1, c).tanh().masked_select(valid);
    const at::Tensor t = y.select(1, c).masked_select(valid);
    const at::Tensor dp = p.sub(p.mean()), dt = t.sub(t.mean());
    const double apart = p.mean().sub(t.mean()).item<double>();
    sum += 1 - 2 * dp.mul(dt).mean().item<double>() /
                   (dp.square().mean().item<double>() + dt.square().mean().item<double>() +
                    apart * apart);
  }
  return sum / 2;
}

/// v H u of a function by differences.
template <class Function>
double mixed_difference(const Function& loss, const at::Tensor& z, const at::Tensor& v,
                        const at::Tensor& u) {
  constexpr double h = 1e-4;
  const auto at = [&](double a, double b) { return loss(z.add(v, a * h).add(u, b * h)); };
  return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h);
}

TEST(CurvatureTest, ConcordanceIsTheSecondDifferenceOfItsDefinition) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const at::Tensor z = random_tensor({9, 2}, seed), y = random_tensor({9, 2}, seed + 50).tanh();
    const at::Tensor v = random_tensor({9, 2}, seed + 100), u = random_tensor({9, 2}, seed + 150);
    at::Tensor valid = random_tensor({9}, seed + 200).gt(-.7);
    valid.narrow(0, 0, 3).fill_(true);
    const TaskTargets targets{.task = va_task(), .labels = y, .valid = valid};
    const at::Tensor moved = concordance_curvature(z, targets, v);
    const auto loss = [&](const at::Tensor& at) { return plain_concordance(at, y, valid); };
    EXPECT_NEAR(moved.mul(u).sum().item<double>(), mixed_difference(loss, z, v, u), 2e-6);
    EXPECT_EQ(moved.masked_select(valid.logical_not().unsqueeze(1)).abs().sum().item<double>(), 0);
  }
}

TEST(CurvatureTest, ConcordanceWithoutSpreadIsFlat) {
  const at::Tensor zero = random_tensor({4, 2}, 1).mul(0);
  const TaskTargets targets{.task = va_task(), .labels = zero};
  EXPECT_EQ(concordance_curvature(zero, targets, zero.add(1)).abs().sum().item<double>(), 0);
}

TEST(CurvatureTest, SquaredErrorIsTheSecondDifferenceOfItsDefinition) {
  const at::Tensor z = random_tensor({5, 2}, 1), y = random_tensor({5, 2}, 2);
  const at::Tensor v = random_tensor({5, 2}, 3), u = random_tensor({5, 2}, 4);
  const auto loss = [&](const at::Tensor& at) {
    return at.tanh().sub(y).square().sum().item<double>();
  };
  EXPECT_NEAR(squared_error_curvature(z, y, v).mul(u).sum().item<double>(),
              mixed_difference(loss, z, v, u), 1e-5);
}

}  // namespace
}  // namespace mien
