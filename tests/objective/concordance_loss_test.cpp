#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/objective/objective.h"
#include "objective/random_targets.h"

namespace mien {
namespace {

using testing::random_tensor;
using testing::va_targets;
using testing::values_of;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// 1 - CCC of one dimension by the definition's sums, over the valid rows.
double one_minus_ccc(const at::Tensor& logits, const TaskTargets& targets, std::size_t dimension) {
  const auto z = values_of(logits), y = values_of(targets.labels);
  std::vector<long double> truth, predicted;
  for (std::size_t row = 0; row * 2 < z.size(); ++row) {
    if (targets.valid.defined() && !targets.valid[static_cast<std::int64_t>(row)].item<bool>()) {
      continue;
    }
    truth.push_back(y[row * 2 + dimension]);
    predicted.push_back(std::tanh(static_cast<long double>(z[row * 2 + dimension])));
  }
  const auto n = static_cast<long double>(truth.size());
  long double mean_truth = 0, mean = 0, squares = 0, products = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    mean_truth += truth[i] / n;
    mean += predicted[i] / n;
  }
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const long double from_truth = truth[i] - mean_truth, from_mean = predicted[i] - mean;
    squares += (from_truth * from_truth + from_mean * from_mean) / n;
    products += from_truth * from_mean / n;
  }
  const long double apart = mean_truth - mean;
  return static_cast<double>(1 - 2 * products / (squares + apart * apart));
}

void expect_nothing(const BatchLoss& found) {
  EXPECT_EQ(found.loss.item<double>(), 0);
  for (const double slope : values_of(found.gradient)) EXPECT_EQ(slope, 0);
}

TEST(ConcordanceLoss, IsTheMeanOverValenceAndArousalOfOneMinusTheirCcc) {
  for (const bool all_valid : {true, false}) {
    const TaskTargets targets = va_targets(40, 3, all_valid);
    const at::Tensor logits = random_tensor({40, 2}, 9);
    const double expected =
        (one_minus_ccc(logits, targets, 0) + one_minus_ccc(logits, targets, 1)) / 2;
    EXPECT_NEAR(concordance_loss(logits, targets).loss.item<double>(), expected, 1e-14);
  }
}

TEST(ConcordanceLoss, IsZeroAtTheTruthAndTwoAtItsOpposite) {
  TaskTargets targets{.task = va_task()};
  targets.labels = random_tensor({30, 2}, 4).mul(.3);
  targets.labels = targets.labels.sub(targets.labels.mean(0));
  const at::Tensor logits = targets.labels.atanh();
  EXPECT_NEAR(concordance_loss(logits, targets).loss.item<double>(), 0, 1e-15);
  EXPECT_NEAR(concordance_loss(logits.neg(), targets).loss.item<double>(), 2, 1e-15);
}

TEST(ConcordanceLoss, SaysNothingOfFewerThanTwoRows) {
  TaskTargets targets = va_targets(6, 3, true);
  const at::Tensor logits = random_tensor({6, 2}, 1);
  for (const std::int64_t known : {0, 1}) {
    targets.valid = random_tensor({6}, 1).gt(1e9);
    targets.valid.narrow(0, 2, known).fill_(true);
    expect_nothing(concordance_loss(logits, targets));
  }
  targets.valid.narrow(0, 2, 2).fill_(true);
  EXPECT_GT(concordance_loss(logits, targets).loss.item<double>(), 0);
}

TEST(ConcordanceLoss, SaysNothingWhereNothingVaries) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    TaskTargets targets = va_targets(7, 3, true);
    targets.labels.fill_(.1);  // a sum of these does not divide back to them
    expect_nothing(concordance_loss(at::full({7, 2}, .7, dtype), targets));
    expect_nothing(concordance_loss(targets.labels.atanh().to(dtype), targets));
    const BatchLoss constant_truth = concordance_loss(random_tensor({7, 2}, 2, dtype), targets);
    EXPECT_EQ(constant_truth.loss.item<double>(), 1);
    EXPECT_EQ(constant_truth.gradient.abs().max().item<double>(), 0);
    const at::Tensor near = targets.labels.add(random_tensor({7, 2}, 2), 1e-9).atanh().to(dtype);
    EXPECT_EQ(concordance_loss(near, targets).gradient.abs().max().item<double>(), 0);
  }
}

TEST(ConcordanceLoss, OfAConstantPredictionIsOneAndPullsItTowardsTheTruth) {
  const TaskTargets targets = va_targets(9, 3, true);
  const BatchLoss found = concordance_loss(at::full({9, 2}, .2, at::kDouble), targets);
  EXPECT_NEAR(found.loss.item<double>(), 1, 1e-12);
  const auto slopes = values_of(found.gradient), labels = values_of(targets.labels);
  const at::Tensor mean = targets.labels.mean(0);
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const double above = labels[i] - mean[static_cast<std::int64_t>(i % 2)].item<double>();
    EXPECT_LT(slopes[i] * above, 0) << "up where the label is above its mean";
  }
}

TEST(ConcordanceLoss, KeepsItsDigitsInSinglePrecision) {
  TaskTargets targets = va_targets(500, 3, true);
  targets.labels = targets.labels.mul(1e-4).add(.9);
  const at::Tensor logits = random_tensor({500, 2}, 5).mul(1e-3).add(1.47).to(at::kFloat);
  const BatchLoss single = concordance_loss(logits, targets);
  const BatchLoss exact = concordance_loss(logits.to(at::kDouble), targets);
  EXPECT_EQ(single.loss.scalar_type(), at::kFloat);
  EXPECT_NEAR(single.loss.item<double>(), exact.loss.item<double>(), 1e-7);
  EXPECT_LE(single.gradient.sub(exact.gradient).norm().item<double>(),
            1e-7 * exact.gradient.norm().item<double>());
}

TEST(ConcordanceLoss, DoesNotSeeWhatIsNotValidAndHidesNothingThatIs) {
  TaskTargets targets = va_targets(20, 3, false);
  const at::Tensor clean = random_tensor({20, 2}, 1);
  const at::Tensor spoilt = clean.masked_fill(targets.valid.logical_not().unsqueeze(1), kNan);
  const BatchLoss expected = concordance_loss(clean, targets),
                  found = concordance_loss(spoilt, targets);
  EXPECT_EQ(found.loss.item<double>(), expected.loss.item<double>());
  EXPECT_EQ(values_of(found.gradient), values_of(expected.gradient));
  targets.valid.reset();
  EXPECT_TRUE(std::isnan(concordance_loss(spoilt, targets).loss.item<double>()));
}

TEST(ConcordanceLoss, HasNoTail) {
  const TaskTargets targets = va_targets(20, 3, false);
  const at::Tensor logits = random_tensor({20, 2}, 1);
  const double expected = concordance_loss(logits, targets).loss.item<double>();
  for (const double alpha : {1., .5, .1}) {
    const ObjectiveValue value =
        Objective({.cvar_alpha = alpha, .cvar_pool = "sample"}, {}).evaluate({logits}, {targets});
    EXPECT_EQ(value.loss.item<double>(), expected);
    EXPECT_FALSE(value.tail_levels[0].defined());
  }
}

TEST(SquaredError, PoolsAsOtherElementsDo) {
  const TaskTargets targets = va_targets(20, 3, false);
  const at::Tensor logits = random_tensor({20, 2}, 1);
  const at::Tensor losses = logits.tanh().sub(targets.labels).square();
  const at::Tensor known = losses.masked_select(targets.valid.unsqueeze(1));
  const auto loss = [&](double alpha, const char* pool) {
    const ObjectiveOptions options = {.cvar_alpha = alpha, .cvar_pool = pool, .continuous = "mse"};
    return Objective(options, {})({logits}, {targets}).item<double>();
  };
  for (const char* pool : {"element", "sample", "per_output"}) {
    EXPECT_NEAR(loss(1, pool), known.mean().item<double>(), 1e-14) << pool;
    EXPECT_GT(loss(.2, pool), loss(1, pool)) << pool;
  }
  EXPECT_NEAR(loss(1e-6, "element"), known.max().item<double>(), 1e-14);
}

TEST(TaskWeighting, TakesAlphaFromItsStateWhenThereIsOne) {
  const TaskTargets targets = testing::expr_targets(20, 3, false);
  const at::Tensor logits = random_tensor({20, 8}, 1);
  const double expected = Objective({.cvar_alpha = .2}, {})({logits}, {targets}).item<double>();
  const ObjectiveValue value =
      Objective({.cvar_alpha = .7}, {}).evaluate({logits}, {targets}, {.cvar_alpha = .2});
  EXPECT_EQ(value.loss.item<double>(), expected);
}

TEST(TaskWeighting, OneWeighsATaskBeyondTheList) {
  const at::Tensor logits = random_tensor({20, 2}, 1);
  const TaskTargets targets = va_targets(20, 3, true);
  const auto loss = [&](std::vector<double> weights) {
    const Objective objective({.task_weights = std::move(weights)}, {});
    return objective({logits, logits}, {targets, targets}).item<double>();
  };
  EXPECT_EQ(loss({2}), loss({2, 1}));
  EXPECT_EQ(loss({}), loss({1, 1}));
  EXPECT_NE(loss({2, 2}), loss({2, 1}));
}

TEST(TaskWeighting, ATaskWithoutALabelMovesNothing) {
  TaskTargets targets = va_targets(20, 3, true);
  targets.valid = at::zeros({20}, at::kBool);
  const at::Tensor s = at::full({2}, .3, at::kDouble);
  const TaskTargets expr = testing::expr_targets(20, 3, true);
  const at::Tensor expr_logits = random_tensor({20, 8}, 1);
  const ObjectiveValue value = Objective({}, {}).evaluate({random_tensor({20, 2}, 1), expr_logits},
                                                          {targets, expr}, {.log_variances = s});
  const auto gradient = values_of(value.log_variance_gradient);
  const double of_expr = Objective({}, {})({expr_logits}, {expr}).item<double>();
  EXPECT_EQ(gradient[0], 0);
  EXPECT_DOUBLE_EQ(gradient[1], 1 - std::exp(-.3) * of_expr);
  EXPECT_DOUBLE_EQ(value.loss.item<double>(), std::exp(-.3) * of_expr + .3);
}

}  // namespace
}  // namespace mien
