#include "mien/objective/objective.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "expectations.h"
#include "head/small_heads.h"

namespace mien {
namespace {

using testing::contains;
using testing::random_tensor;
using testing::values_of;

/// Labels of `rows` rows, with a mask unless `all_valid`.
TaskTargets expr_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = Task::kExpr};
  targets.labels = random_tensor({rows}, seed).mul(10).abs().remainder(8).to(at::kLong);
  targets.valid_counts = {rows};
  targets.valid_samples = rows;
  if (all_valid) return targets;
  targets.valid = random_tensor({rows}, seed + 1).gt(-.5);
  targets.valid_samples = targets.valid.sum().item<std::int64_t>();
  targets.valid_counts = {targets.valid_samples};
  return targets;
}

TaskTargets au_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = Task::kAu};
  targets.labels = random_tensor({rows, 12}, seed).gt(0).to(at::kDouble);
  targets.valid_counts.assign(12, rows);
  targets.valid_samples = rows;
  if (all_valid) return targets;
  targets.valid = random_tensor({rows, 12}, seed + 1).gt(0);
  for (std::int64_t au = 0; au < 12; ++au) {
    targets.valid_counts[static_cast<std::size_t>(au)] =
        targets.valid.select(1, au).sum().item<std::int64_t>();
  }
  targets.valid_samples = targets.valid.any(1).sum().item<std::int64_t>();
  return targets;
}

bool is_valid(const TaskTargets& targets, std::size_t i) {
  return !targets.valid.defined() || values_of(targets.valid.reshape({-1}).to(at::kDouble))[i] != 0;
}

double softplus(double x) {
  return std::max(x, 0.) + std::log1p(std::exp(-std::abs(x)));
}

double loss_of(const ObjectiveOptions& options, const at::Tensor& logits,
               const TaskTargets& targets, const std::vector<std::int64_t>& counts = {}) {
  return Objective(options, counts)({logits}, {targets}).item<double>();
}

TEST(ExprLoss, AtAlphaOneIsTheMeanCrossEntropyOfTheValidRows) {
  for (const bool all_valid : {true, false}) {
    const auto targets = expr_targets(20, 1, all_valid);
    const at::Tensor logits = random_tensor({20, 8}, 5);
    const auto z = values_of(logits), labels = values_of(targets.labels);
    double sum = 0;
    for (std::size_t row = 0; row < 20; ++row) {
      if (!is_valid(targets, row)) continue;
      double total = 0;
      for (std::size_t c = 0; c < 8; ++c) total += std::exp(z[row * 8 + c]);
      sum += std::log(total) - z[row * 8 + static_cast<std::size_t>(labels[row])];
    }
    EXPECT_NEAR(loss_of({.cvar_alpha = 1}, logits, targets),
                sum / static_cast<double>(targets.valid_samples), 1e-12);
  }
}

TEST(AuLoss, PoolsItsElementsByOption) {
  const auto targets = au_targets(15, 2, false);
  const at::Tensor logits = random_tensor({15, 12}, 6);
  const auto z = values_of(logits), labels = values_of(targets.labels);
  double pooled = 0, elements = 0, samples = 0, rows = 0;
  std::vector<double> by_au(12), au_count(12);
  for (std::size_t row = 0; row < 15; ++row) {
    double of_row = 0, in_row = 0;
    for (std::size_t au = 0; au < 12; ++au) {
      const std::size_t i = row * 12 + au;
      if (!is_valid(targets, i)) continue;
      const double loss = softplus(labels[i] == 1 ? -z[i] : z[i]);
      pooled += loss, ++elements;
      of_row += loss, ++in_row;
      by_au[au] += loss, ++au_count[au];
    }
    if (in_row > 0) samples += of_row / in_row, ++rows;
  }
  double aus = 0;
  for (std::size_t au = 0; au < 12; ++au) aus += by_au[au] / au_count[au] / 12;
  const auto at_one = [&](const char* pool) {
    return loss_of({.cvar_alpha = 1, .cvar_pool = pool}, logits, targets);
  };
  EXPECT_NEAR(at_one("element"), pooled / elements, 1e-12);
  EXPECT_NEAR(at_one("sample"), samples / rows, 1e-12);
  EXPECT_NEAR(at_one("per_au"), aus, 1e-12);
  for (const char* pool : {"element", "sample", "per_au"}) {
    EXPECT_GT(loss_of({.cvar_alpha = .1, .cvar_pool = pool}, logits, targets), at_one(pool));
  }
}

TEST(AuLoss, LeavesAusWithoutALabelOutOfTheMean) {
  auto targets = au_targets(6, 2, true);
  targets.valid = at::zeros({6, 12}, at::kBool);
  targets.valid.select(1, 3).fill_(true);
  targets.valid_counts.assign(12, 0);
  targets.valid_counts[3] = 6;
  const at::Tensor logits = random_tensor({6, 12}, 6);
  const ObjectiveOptions per_au = {.cvar_alpha = 1, .cvar_pool = "per_au"};
  EXPECT_NEAR(loss_of(per_au, logits, targets), loss_of({.cvar_alpha = 1}, logits, targets), 1e-12);
  targets.valid_counts[3] = 0;
  targets.valid.fill_(false);
  targets.valid_samples = 0;
  for (const char* pool : {"element", "sample", "per_au"}) {
    EXPECT_EQ(loss_of({.cvar_pool = pool}, logits, targets), 0) << pool;
  }
}

TEST(AucMargin, IsTheMeanOverPairsOfEachAu) {
  for (const double power : {1., 2.}) {
    auto targets = au_targets(9, 4, false);
    targets.labels.select(1, 5).fill_(1);  // one class only: 0, but counted
    const at::Tensor logits = random_tensor({9, 12}, 7);
    const auto z = values_of(logits), labels = values_of(targets.labels);
    double sum = 0;
    for (std::size_t au = 0; au < 12; ++au) {
      double of_au = 0, pairs = 0;
      for (std::size_t p = au; p < 108; p += 12) {
        for (std::size_t n = au; n < 108; n += 12) {
          if (labels[p] != 1 || labels[n] != 0) continue;
          if (!is_valid(targets, p) || !is_valid(targets, n)) continue;
          of_au += std::pow(std::max(.6 - (z[p] - z[n]), 0.), power);
          ++pairs;
        }
      }
      if (pairs > 0) sum += of_au / pairs;
    }
    const double auc = auc_margin_loss(logits, targets, .6, power).item<double>();
    EXPECT_NEAR(auc, sum / 12, 1e-12);
    const ObjectiveOptions mixed = {.cvar_alpha = .3, .auc_weight = .2, .auc_power = power};
    const double tail = loss_of({.cvar_alpha = .3}, logits, targets);
    EXPECT_NEAR(loss_of(mixed, logits, targets), .8 * tail + .2 * auc, 1e-12);
    EXPECT_NEAR(Objective(mixed, {}).without_pairs({logits}, {targets}).item<double>(), tail,
                1e-12);
  }
}

TEST(ClassWeights, AreInverseFrequenciesWithMeanOne) {
  const std::vector<std::int64_t> counts = {100, 50, 25, 25, 100, 100, 50, 50};
  const auto weights = balanced_class_weights(counts);
  double mean = 0;
  for (std::size_t c = 0; c < 8; ++c) {
    mean += weights[c] * static_cast<double>(counts[c]) / 500;
    EXPECT_NEAR(weights[c] * static_cast<double>(counts[c]),
                weights[0] * static_cast<double>(counts[0]), 1e-9);
  }
  EXPECT_NEAR(mean, 1, 1e-12);
}

TEST(ClassWeights, ARareClassIsCappedBeforeTheMeanIsTaken) {
  const std::vector<std::int64_t> counts = {1'000'000, 1, 1000, 1000, 1000, 1000, 1000, 1000};
  const auto weights = balanced_class_weights(counts);
  const double common = 1'006'001. / 8e6;
  EXPECT_NEAR(weights[1] / weights[0], 10 / common, 1e-9);
  EXPECT_NEAR(weights[1], weights[2], 1e-12) << "both at the cap";
  double mean = 0;
  for (std::size_t c = 0; c < 8; ++c) {
    mean += weights[c] * static_cast<double>(counts[c]) / 1'006'001;
  }
  EXPECT_NEAR(mean, 1, 1e-12);
}

TEST(ClassWeights, AnAbsentClassHasNone) {
  const auto weights = balanced_class_weights({4, 0, 4, 4, 4, 4, 4, 4});
  EXPECT_EQ(weights[1], 0);
  EXPECT_NEAR(weights[0], 1, 1e-12);
  EXPECT_EQ(balanced_class_weights(std::vector<std::int64_t>(8, 0)), std::vector<double>(8, 0));
}

TEST(ClassWeights, MultiplyEachLossAndNotTheDivisor) {
  const auto targets = expr_targets(30, 1, true);
  const at::Tensor logits = random_tensor({30, 8}, 5);
  const std::vector<std::int64_t> counts = {7, 1, 2, 3, 9, 4, 5, 6};
  const auto weights = balanced_class_weights(counts);
  const auto losses = values_of(cross_entropy(logits, targets.labels));
  const auto labels = values_of(targets.labels);
  double sum = 0;
  for (std::size_t i = 0; i < 30; ++i) {
    sum += losses[i] * weights[static_cast<std::size_t>(labels[i])];
  }
  const ObjectiveOptions balanced = {.cvar_alpha = 1, .class_weights = "balanced"};
  EXPECT_NEAR(loss_of(balanced, logits, targets, counts), sum / 30, 1e-12);
}

TEST(ObjectiveTest, SumsTheTasksByTheirWeights) {
  const at::Tensor expr = random_tensor({10, 8}, 1), au = random_tensor({10, 12}, 2);
  const auto expr_labels = expr_targets(10, 3, false), au_labels = au_targets(10, 4, false);
  const Objective objective({.task_weights = {.25, 3}}, {});
  EXPECT_NEAR(objective({expr, au}, {expr_labels, au_labels}).item<double>(),
              .25 * loss_of({}, expr, expr_labels) + 3 * loss_of({}, au, au_labels), 1e-12);
}

TEST(ObjectiveTest, ExtremeLogitsGiveFiniteLossesAndGradients) {
  at::Tensor expr = random_tensor({6, 8}, 1).mul(1e4).set_requires_grad(true);
  at::Tensor au = random_tensor({6, 12}, 2).mul(1e4).set_requires_grad(true);
  const at::Tensor loss =
      Objective({}, {})({expr, au}, {expr_targets(6, 3, false), au_targets(6, 4, false)});
  loss.backward();
  EXPECT_TRUE(std::isfinite(loss.item<double>()));
  EXPECT_TRUE(expr.grad().isfinite().all().item<bool>());
  EXPECT_TRUE(au.grad().isfinite().all().item<bool>());
}

TEST(ObjectiveOptionsTest, ItsKeysGuardTheirRanges) {
  ObjectiveOptions options;
  Fields fields;
  declare_fields(fields, options);
  const auto refusal = [&](const std::string& text) {
    return testing::refusal_of([&] { fields.read_override(text); });
  };
  EXPECT_TRUE(contains(refusal("loss.cvar.alpha=0"), "in (0, 1]"));
  EXPECT_TRUE(contains(refusal("loss.cvar.pool=per-au"), "did you mean per_au?"));
  EXPECT_TRUE(contains(refusal("loss.auc.weight=1.5"), "in [0, 1]"));
  EXPECT_TRUE(contains(refusal("loss.task_weights=[1,-1]"), "at least 0"));
}

}  // namespace
}  // namespace mien
