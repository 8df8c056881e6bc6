// Rows that weigh more than others, and continuous outputs that are known one by one.
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "head/small_heads.h"
#include "mien/objective/curvature.h"
#include "mien/objective/objective.h"
#include "objective/random_targets.h"

namespace mien {
namespace {

using testing::random_tensor;
using testing::targets_of;
using testing::values_of;

constexpr std::int64_t kRows = 12;

at::Tensor logits_of(const Task& task, std::uint32_t seed = 5) {
  return random_tensor({kRows, static_cast<std::int64_t>(score_columns(task))}, seed);
}

/// Rows whose weights are whole numbers, and the same data with such rows repeated.
struct Repeated {
  TaskTargets weighted, rows;
  at::Tensor logits, repeated_logits;

  explicit Repeated(const Task& task, bool all_valid = false)
      : weighted(targets_of(task, kRows, 3, all_valid)), rows(weighted), logits(logits_of(task)) {
    const at::Tensor times = random_tensor({kRows}, 8).abs().mul(2).to(at::kLong);
    weighted.weights = times.to(at::kDouble);
    const at::Tensor index = at::arange(kRows, at::kLong).repeat_interleave(times);
    rows.labels = rows.labels.index_select(0, index);
    if (rows.valid.defined()) rows.valid = rows.valid.index_select(0, index);
    repeated_logits = logits.index_select(0, index);
  }
};

double loss_of(const ObjectiveOptions& options, const at::Tensor& logits,
               const TaskTargets& targets) {
  return Objective(options)({logits}, {targets}).item<double>();
}

TEST(RowWeights, MultiplyTheLossesOfTheirRows) {
  for (const Task& task : challenge_tasks()) {
    TaskTargets targets = targets_of(task, kRows, 3, true);
    const at::Tensor logits = logits_of(task);
    const ObjectiveOptions plain = {.cvar_alpha = 1, .continuous = "mse"};
    double expected = 0;
    targets.weights = random_tensor({kRows}, 8).abs();
    for (std::int64_t row = 0; row < kRows; ++row) {
      TaskTargets one{.task = task, .labels = targets.labels.narrow(0, row, 1)};
      expected += targets.weights[row].item<double>() *
                  loss_of(plain, logits.narrow(0, row, 1), one) / kRows;
    }
    EXPECT_NEAR(loss_of(plain, logits, targets), expected, 1e-12) << task.name();
    EXPECT_NEAR(Objective(plain).of_split({logits}, {targets}), expected, 1e-12) << task.name();
  }
}

TEST(RowWeights, OfOneChangeNothing) {
  for (const Task& task : challenge_tasks()) {
    for (const char* continuous : {"ccc", "mse"}) {
      const Objective objective({.auc_weight = .3, .focal = 1, .continuous = continuous});
      TaskTargets targets = targets_of(task, kRows, 3, false);
      const ObjectiveValue plain = objective.evaluate({logits_of(task)}, {targets});
      targets.weights = at::ones({kRows}, at::kFloat);
      const ObjectiveValue weighted = objective.evaluate({logits_of(task)}, {targets});
      EXPECT_NEAR(weighted.loss.item<double>(), plain.loss.item<double>(), 1e-14);
      EXPECT_LT(weighted.gradients[0].sub(plain.gradients[0]).abs().max().item<double>(), 1e-14);
    }
  }
}

TEST(RowWeights, InConcordanceAndPairsAreRepeatedRows) {
  const Repeated affect(va_task());
  EXPECT_NEAR(concordance_loss(affect.logits, affect.weighted).loss.item<double>(),
              concordance_loss(affect.repeated_logits, affect.rows).loss.item<double>(), 1e-12);
  const Repeated units(au_task());
  for (const double power : {1., 2.}) {
    EXPECT_NEAR(auc_margin_loss(units.logits, units.weighted, .6, power).loss.item<double>(),
                auc_margin_loss(units.repeated_logits, units.rows, .6, power).loss.item<double>(),
                1e-12);
  }
}

TEST(RowWeights, RowsOfNoWeightMoveNothing) {
  for (const Task& task : challenge_tasks()) {
    for (const char* pool : {"element", "sample", "per_output"}) {
      TaskTargets targets = targets_of(task, kRows, 3, true);
      targets.weights = random_tensor({kRows}, 8).gt(0).to(at::kDouble);
      const Objective objective({.cvar_pool = pool, .auc_weight = .2});
      const at::Tensor gradient = objective.evaluate({logits_of(task)}, {targets}).gradients[0];
      const at::Tensor silent = gradient.masked_select(targets.weights.eq(0).unsqueeze(1));
      EXPECT_EQ(silent.abs().max().item<double>(), 0) << task.name() << " " << pool;
      EXPECT_GT(gradient.abs().max().item<double>(), 0);
    }
  }
}

/// The largest difference between a gradient and central differences of the loss.
double off_by_differences(const Objective& objective, const at::Tensor& logits,
                          const TaskTargets& targets) {
  constexpr double kStep = 1e-6;
  const auto gradient = values_of(objective.evaluate({logits}, {targets}).gradients[0]);
  double largest = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const auto loss_at = [&](double by) {
      const at::Tensor moved = logits.clone();
      moved.mutable_data_ptr<double>()[i] += by;
      return objective({moved}, {targets}).item<double>();
    };
    largest =
        std::max(largest, std::abs((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep) - gradient[i]));
  }
  return largest;
}

TEST(RowWeights, GradientsAreTheLimitOfDifferences) {
  for (const Task& task : challenge_tasks()) {
    for (const char* continuous : {"ccc", "mse"}) {
      TaskTargets targets = targets_of(task, kRows, 3, false);
      targets.weights = random_tensor({kRows}, 8).abs();
      const Objective objective({.auc_weight = .3, .continuous = continuous});
      EXPECT_LT(off_by_differences(objective, logits_of(task), targets), 1e-7) << task.name();
    }
  }
}

/// Valence and arousal, each known on rows of its own.
TaskTargets known_one_by_one(std::uint32_t seed) {
  TaskTargets targets = targets_of(va_task(), kRows, seed, true);
  targets.valid = random_tensor({kRows, 2}, seed + 1).gt(-.4);
  targets.labels = targets.labels.mul(targets.valid);
  return targets;
}

TEST(PartlyKnownRows, EachContinuousOutputIsJudgedOnItsOwnRows) {
  const TaskTargets both = known_one_by_one(3);
  const at::Tensor logits = logits_of(va_task());
  double expected = 0;
  for (std::int64_t k = 0; k < 2; ++k) {
    TaskTargets whole = both;  // both columns are this one
    whole.valid = both.valid.select(1, k);
    whole.labels = both.labels.narrow(1, k, 1).expand({kRows, 2});
    const at::Tensor same = logits.narrow(1, k, 1).expand({kRows, 2});
    expected += concordance_loss(same, whole).loss.item<double>() / 2;
  }
  EXPECT_NEAR(concordance_loss(logits, both).loss.item<double>(), expected, 1e-14);
  for (const char* continuous : {"ccc", "mse"}) {
    const Objective objective({.continuous = continuous});
    EXPECT_LT(off_by_differences(objective, logits, both), 1e-7);
    const at::Tensor odd = logits.masked_fill(both.valid.logical_not(), NAN);
    EXPECT_EQ(objective({odd}, {both}).item<double>(), objective({logits}, {both}).item<double>());
  }
}

TEST(PartlyKnownRows, AnOutputThatNobodyKnowsSaysNothing) {
  TaskTargets targets = known_one_by_one(3);
  targets.valid.select(1, 1).fill_(false);
  const ObjectiveValue value = Objective({}).evaluate({logits_of(va_task())}, {targets});
  EXPECT_EQ(value.gradients[0].select(1, 1).abs().max().item<double>(), 0);
  EXPECT_GT(value.gradients[0].select(1, 0).abs().max().item<double>(), 0);
}

TEST(PartlyKnownRows, CurvatureOfWeightedConcordanceIsTheSecondDifference) {
  TaskTargets targets = known_one_by_one(4);
  targets.weights = random_tensor({kRows}, 9).abs().add(.1);
  const at::Tensor z = logits_of(va_task()), v = random_tensor({kRows, 2}, 21),
                   u = random_tensor({kRows, 2}, 22);
  constexpr double h = 1e-4;
  const auto at = [&](double a, double b) {
    return concordance_loss(z.add(v, a * h).add(u, b * h), targets).loss.item<double>();
  };
  const double difference = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h);
  EXPECT_NEAR(concordance_curvature(z, targets, v).mul(u).sum().item<double>(), difference, 2e-6);
}

TEST(ClassCounts, AreEachTasksOwn) {
  const Task mood("mood", TaskKind::kClasses, {"sad", "happy", "other"});
  TaskTargets mood_targets{.task = mood};
  mood_targets.labels = random_tensor({kRows}, 7).abs().mul(10).remainder(3).to(at::kLong);
  const TaskTargets expr = targets_of(expr_task(), kRows, 3, true);
  const at::Tensor mood_logits = random_tensor({kRows, 3}, 6), expr_logits = logits_of(expr_task());
  const std::vector<std::int64_t> of_mood = {5, 1, 2}, of_expr = {9, 1, 4, 2, 7, 3, 5, 8};
  const ObjectiveOptions options = {.class_weights = "balanced", .logit_adjustment = 1};
  const double together =
      Objective(options, {of_mood, of_expr})({mood_logits, expr_logits}, {mood_targets, expr})
          .item<double>();
  const double apart = Objective(options, {of_mood})({mood_logits}, {mood_targets}).item<double>() +
                       Objective(options, {of_expr})({expr_logits}, {expr}).item<double>();
  EXPECT_NEAR(together, apart, 1e-12);
  EXPECT_EQ(balanced_class_weights({1, 3}).size(), 2U);
  EXPECT_NEAR(balanced_class_weights({1, 3})[0] / balanced_class_weights({1, 3})[1], 3, 1e-12);
}

}  // namespace
}  // namespace mien
