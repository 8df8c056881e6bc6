#include "mien/objective/objective.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "expectations.h"
#include "head/small_heads.h"
#include "mien/objective/cvar.h"
#include "objective/random_targets.h"

namespace mien {
namespace {

using testing::au_targets;
using testing::contains;
using testing::expr_targets;
using testing::random_tensor;
using testing::values_of;

bool is_valid(const TaskTargets& targets, std::size_t i) {
  return !targets.valid.defined() || values_of(targets.valid.reshape({-1}).to(at::kDouble))[i] != 0;
}

double softplus(double x) {
  return std::max(x, 0.) + std::log1p(std::exp(-std::abs(x)));
}

double loss_of(const ObjectiveOptions& options, const at::Tensor& logits,
               const TaskTargets& targets, const std::vector<std::int64_t>& counts = {}) {
  return Objective(options, {counts})({logits}, {targets}).item<double>();
}

TEST(ExprLoss, AtAlphaOneIsTheMeanCrossEntropyOfTheValidRows) {
  for (const bool all_valid : {true, false}) {
    const auto targets = expr_targets(20, 1, all_valid);
    const at::Tensor logits = random_tensor({20, 8}, 5);
    const auto z = values_of(logits), labels = values_of(targets.labels);
    double sum = 0, labelled = 0;
    for (std::size_t row = 0; row < 20; ++row) {
      if (!is_valid(targets, row)) continue;
      ++labelled;
      double total = 0;
      for (std::size_t c = 0; c < 8; ++c) total += std::exp(z[row * 8 + c]);
      sum += std::log(total) - z[row * 8 + static_cast<std::size_t>(labels[row])];
    }
    EXPECT_NEAR(loss_of({.cvar_alpha = 1}, logits, targets), sum / labelled, 1e-12);
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
  EXPECT_NEAR(at_one("per_output"), aus, 1e-12);
  for (const char* pool : {"element", "sample", "per_output"}) {
    EXPECT_GT(loss_of({.cvar_alpha = .1, .cvar_pool = pool}, logits, targets), at_one(pool));
  }
}

TEST(AuLoss, LeavesAusWithoutALabelOutOfTheMean) {
  auto targets = au_targets(6, 2, true);
  targets.valid = at::zeros({6, 12}, at::kBool);
  targets.valid.select(1, 3).fill_(true);
  const at::Tensor logits = random_tensor({6, 12}, 6);
  const ObjectiveOptions per_output = {.cvar_alpha = 1, .cvar_pool = "per_output"};
  EXPECT_NEAR(loss_of(per_output, logits, targets), loss_of({.cvar_alpha = 1}, logits, targets),
              1e-12);
  targets.valid.fill_(false);
  for (const char* pool : {"element", "sample", "per_output"}) {
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
    const double auc = auc_margin_loss(logits, targets, .6, power).loss.item<double>();
    EXPECT_NEAR(auc, sum / 12, 1e-12);
    const ObjectiveOptions mixed = {.cvar_alpha = .3, .auc_weight = .2, .auc_power = power};
    const double tail = loss_of({.cvar_alpha = .3}, logits, targets);
    EXPECT_NEAR(loss_of(mixed, logits, targets), .8 * tail + .2 * auc, 1e-12);
    EXPECT_NEAR(Objective(mixed, {}).of_split({logits}, {targets}), tail, 1e-12);
  }
}

TEST(Objective, OfASplitIsTheLossOfItsRowsInOneBatch) {
  for (const std::string pool : {"element", "sample", "per_output", "per_video"}) {
    for (const double alpha : {.03, .5, 1.}) {
      for (const bool all_valid : {true, false}) {
        std::vector<TaskTargets> targets = {expr_targets(40, 3, all_valid),
                                            au_targets(40, 4, all_valid)};
        for (TaskTargets& task : targets) {
          task.videos = at::arange(40, at::kLong).remainder(7);
          task.video_count = 9;  // two of them have no row
        }
        const std::vector logits = {random_tensor({40, 8}, 5), random_tensor({40, 12}, 6)};
        ObjectiveOptions options = {.cvar_alpha = alpha, .cvar_pool = pool};
        options.task_weights = {1, .3};
        const Objective objective(options, {});
        EXPECT_NEAR(objective.of_split(logits, targets), objective(logits, targets).item<double>(),
                    1e-12)
            << pool << " " << alpha << " " << all_valid;
      }
    }
  }
}

TEST(Objective, OfASplitTakesManyRowsPieceByPiece) {
  constexpr std::int64_t kRows = 70000;
  const TaskTargets targets = au_targets(kRows, 4, false);
  const at::Tensor logits = random_tensor({kRows, 12}, 6);
  const Objective objective({.cvar_alpha = .2}, {});
  EXPECT_NEAR(objective.of_split({logits}, {targets}),
              objective({logits}, {targets}).item<double>(), 1e-9);
}

TEST(Objective, OfASplitIsNoNumberWhereALossIsNone) {
  const TaskTargets targets = expr_targets(10, 3, true);
  const at::Tensor logits = random_tensor({10, 8}, 5);
  logits.select(0, 4).fill_(std::nan(""));
  EXPECT_TRUE(std::isnan(Objective({.cvar_alpha = .5}, {}).of_split({logits}, {targets})));
}

TEST(SumOfAll, HasTheSameBitsForAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  for (const std::int64_t size : {0, 1, 4096, 32768, 70001, 20'000'000}) {
    const at::Tensor values = random_tensor({size}, 3).to(at::kFloat);
    at::set_num_threads(1);
    const auto alone = sum_of_all(values).item<float>();
    at::set_num_threads(3);
    EXPECT_EQ(sum_of_all(values).item<float>(), alone) << size;
    const double exact = values.to(at::kDouble).sum().item<double>();
    EXPECT_NEAR(alone, exact, 1e-6 * values.abs().sum().item<double>() + 1e-12);
  }
  at::set_num_threads(threads);
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
  const auto losses = values_of(cross_entropy(logits, targets.labels).losses);
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
  const at::Tensor expr = random_tensor({6, 8}, 1).mul(1e4);
  const at::Tensor au = random_tensor({6, 12}, 2).mul(1e4);
  const std::vector<TaskTargets> targets = {expr_targets(6, 3, false), au_targets(6, 4, false)};
  for (const double focal : {0., .5, 2.}) {
    const ObjectiveValue value = Objective({.focal = focal}, {}).evaluate({expr, au}, targets);
    EXPECT_TRUE(std::isfinite(value.loss.item<double>()));
    for (const at::Tensor& gradient : value.gradients) {
      EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << focal;
    }
  }
}

TEST(ObjectiveTest, LogitsWithoutALabelMayBeAnything) {
  for (const char* pool : {"element", "sample", "per_output", "per_video"}) {
    const ObjectiveOptions options = {.cvar_pool = pool, .auc_weight = .3};
    auto targets = au_targets(9, 4, false);
    targets.videos = targets.valid.sum(1).remainder(3);
    targets.video_count = 3;
    const at::Tensor logits = random_tensor({9, 12}, 2);
    const ObjectiveValue clean = Objective(options, {}).evaluate({logits}, {targets});
    const at::Tensor odd = logits.masked_fill(targets.valid.logical_not(), NAN);
    const ObjectiveValue value = Objective(options, {}).evaluate({odd}, {targets});
    EXPECT_EQ(value.loss.item<double>(), clean.loss.item<double>()) << pool;
    EXPECT_EQ(values_of(value.gradients[0]), values_of(clean.gradients[0])) << pool;
  }
}

TEST(ObjectiveTest, ItsTailLevelIsTheSmallestLossInTheTail) {
  const auto targets = expr_targets(20, 3, false);
  const at::Tensor logits = random_tensor({20, 8}, 1);
  auto losses =
      values_of(cross_entropy(logits, targets.labels).losses.masked_select(targets.valid));
  std::ranges::sort(losses, std::greater());
  const auto tail = static_cast<std::size_t>(std::ceil(.3 * static_cast<double>(losses.size())));
  const ObjectiveOptions options = {.cvar_alpha = .3, .task_weights = {2}};
  const ObjectiveValue value = Objective(options, {}).evaluate({logits}, {targets});
  EXPECT_DOUBLE_EQ(value.tail_levels[0].item<double>(), losses[tail - 1]);
}

TEST(ObjectiveTest, GradientsHaveTheLogitsShapeAndDtypeAndNoGraph) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const at::Tensor expr = random_tensor({6, 8}, 1, dtype).set_requires_grad(true);
    const at::Tensor au = random_tensor({6, 12}, 2, dtype).set_requires_grad(true);
    auto au_labels = au_targets(6, 4, false);
    au_labels.labels = au_labels.labels.to(dtype);
    const ObjectiveOptions options = {.auc_weight = .2, .logit_adjustment = 1};
    const Objective objective(options, {{1, 2, 3, 4, 5, 6, 7, 8}, {}});
    const ObjectiveValue value =
        objective.evaluate({expr, au}, {expr_targets(6, 3, false), au_labels});
    EXPECT_EQ(value.gradients[0].sizes(), expr.sizes());
    EXPECT_EQ(value.gradients[1].sizes(), au.sizes());
    EXPECT_EQ(value.gradients[0].scalar_type(), dtype);
    EXPECT_EQ(value.gradients[1].scalar_type(), dtype);
    EXPECT_FALSE(value.loss.requires_grad());
  }
}

TEST(ObjectiveTest, PoolingByVideoNeedsThem) {
  const Objective objective({.cvar_pool = "per_video"}, {});
  EXPECT_THROW(objective({random_tensor({6, 8}, 1)}, {expr_targets(6, 3, true)}),
               std::invalid_argument);
}

TEST(LogPriors, CountAnAbsentClassAsHalfALabel) {
  const auto priors = log_priors({6, 0, 2});
  EXPECT_DOUBLE_EQ(priors[0], std::log(6. / 8));
  EXPECT_DOUBLE_EQ(priors[1], std::log(.5 / 8));
}

TEST(ObjectiveOptionsTest, ItsKeysGuardTheirRanges) {
  ObjectiveOptions options;
  Fields fields;
  declare_fields(fields, options);
  const auto refusal = [&](const std::string& text) {
    return testing::refusal_of([&] { fields.read_override(text); });
  };
  EXPECT_TRUE(contains(refusal("loss.cvar.alpha=0"), "in (0, 1]"));
  EXPECT_TRUE(contains(refusal("loss.cvar.pool=per-output"), "did you mean per_output?"));
  EXPECT_TRUE(contains(refusal("loss.auc.weight=1.5"), "in [0, 1]"));
  EXPECT_TRUE(contains(refusal("loss.task_weights=[1,-1]"), "at least 0"));
  EXPECT_TRUE(contains(refusal("loss.label_smoothing=1"), "in [0, 1)"));
  EXPECT_TRUE(contains(refusal("loss.logit_adjustment=-1"), "at least 0"));
  EXPECT_TRUE(contains(refusal("loss.focal=-1"), "at least 0"));
  EXPECT_TRUE(contains(refusal("loss.cvar.alpha_start=0"), "in (0, 1]"));
  EXPECT_TRUE(contains(refusal("loss.cvar.alpha_epochs=-1"), "a whole number in [0, "));
  EXPECT_TRUE(contains(refusal("loss.continuous=cc"), "did you mean ccc?"));
  EXPECT_TRUE(contains(refusal("loss.task_weighting=learnt"), "did you mean learned?"));
}

TEST(ObjectiveOptionsTest, OldSpellingsGoOnBeingRead) {
  ObjectiveOptions options;
  Fields fields;
  declare_fields(fields, options);
  fields.read_override("loss.cvar.pool=per_au");
  EXPECT_EQ(options.cvar_pool, "per_output");
  fields.read_override("loss.va=mse");
  EXPECT_EQ(options.continuous, "mse");
  EXPECT_TRUE(contains(testing::refusal_of([&] { fields.read_override("loss.va=cc"); }),
                       "did you mean ccc?"));
  for (const std::string old : {"per_au", "loss.va"}) {
    EXPECT_EQ(fields.help().find(old), std::string::npos) << "they are not offered any more";
  }
}

TEST(ObjectiveOptionsTest, LearnedTaskWeightsStartAboveZero) {
  const auto refusal = [](std::vector<double> weights, const char* weighting) {
    return testing::refusal_of(
        [&] { check({.task_weights = std::move(weights), .task_weighting = weighting}); });
  };
  EXPECT_EQ(refusal({1, 0}, "fixed"), "accepted");
  EXPECT_EQ(refusal({1, .5}, "learned"), "accepted");
  EXPECT_TRUE(
      contains(refusal({1, 0}, "learned"), "loss.task_weights = 0: expected weights above"));
}

TEST(ObjectiveOptionsTest, LabelSmoothingAndFocalLossExcludeEachOther) {
  EXPECT_EQ(testing::refusal_of([] { check({.label_smoothing = .1}); }), "accepted");
  EXPECT_EQ(testing::refusal_of([] { check({.focal = 2}); }), "accepted");
  EXPECT_TRUE(contains(testing::refusal_of([] { check({.label_smoothing = .1, .focal = 2}); }),
                       "loss.focal = 2: expected 0 with loss.label_smoothing = 0.1"));
}

}  // namespace
}  // namespace mien
