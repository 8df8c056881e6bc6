#include "mien/training/step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "training/small_data.h"

namespace mien {
namespace {

using testing::initialised;
using testing::random_dataset;
using testing::small_shape;
using testing::values_of;
using Numbers64 = std::vector<double>;

HeadShape shape_with(double dropout) {
  return small_shape(6, 2, 5, dropout, {expr_task(), au_task()});
}

Batch batch_of(std::int64_t rows) {
  const Dataset data = random_dataset(6, 40, 3);
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  return data.gather(order, 0, rows, at::kDouble);
}

/// The same step written down plainly, number by number.
class PlainStep {
 public:
  PlainStep(Head& head, const Objective& objective, OptimizerOptions optimizer, SamOptions sam)
      : head_(head), objective_(objective), optimizer_(std::move(optimizer)), sam_(sam) {}

  void operator()(const Batch& batch, double lr, std::uint64_t step) {
    Numbers64 w = values_of(head_.parameters()), g = gradient(batch, {5, step, 0}, true);
    if (sam_.rho > 0 && static_cast<std::int64_t>(step) % sam_.every == 0) {
      double squares = 0;
      for (std::size_t i = 0; i < w.size(); ++i) {
        squares += std::pow(sam_.adaptive ? w[i] * g[i] : g[i], 2);
      }
      const double scale = sam_.rho / (std::sqrt(squares) + 1e-12);
      Numbers64 perturbed = w;
      for (std::size_t i = 0; i < w.size(); ++i) {
        perturbed[i] += scale * (sam_.adaptive ? w[i] * w[i] * g[i] : g[i]);
      }
      set(perturbed);
      g = gradient(batch, {5, step, sam_.same_dropout ? 0U : 1U}, false);
    }
    ++count_;
    first_.resize(w.size());
    second_.resize(w.size());
    const double beta1 = optimizer_.betas[0], beta2 = optimizer_.betas[1];
    for (std::size_t i = 0; i < w.size(); ++i) {
      first_[i] = beta1 * first_[i] + (1 - beta1) * g[i];
      second_[i] = beta2 * second_[i] + (1 - beta2) * g[i] * g[i];
      const double m = first_[i] / (1 - std::pow(beta1, count_));
      const double v = second_[i] / (1 - std::pow(beta2, count_));
      w[i] -= lr * optimizer_.weight_decay * w[i];
      w[i] -= lr * m / (std::sqrt(v) + optimizer_.eps);
    }
    set(w);
  }

 private:
  Numbers64 gradient(const Batch& batch, const DropoutKey& key, bool statistics) {
    TrainingPass pass(head_, Precision::kFull);
    const auto logits = pass.forward(head_.layers(), batch.embeddings, key, statistics);
    pass.backward(objective_.evaluate(logits, batch.targets).gradients);
    return values_of(pass.gradients());
  }

  void set(const Numbers64& values) {
    std::ranges::copy(values, head_.parameters().mutable_data_ptr<double>());
  }

  Head& head_;
  const Objective& objective_;
  OptimizerOptions optimizer_;
  SamOptions sam_;
  int count_ = 0;
  Numbers64 first_, second_;
};

/// Six steps of both; the largest difference of any weight.
double difference_from_plain(const SamOptions& sam, double dropout) {
  const Objective objective({}, {});
  const OptimizerOptions optimizer{.lr = 1e-2, .weight_decay = .1};
  Head head = initialised(shape_with(dropout), 3), twin = initialised(shape_with(dropout), 3);
  SharpnessAwareStep step(head, objective, optimizer, sam, Precision::kFull, 5);
  PlainStep plain(twin, objective, optimizer, sam);
  const Batch batch = batch_of(12);
  for (std::int64_t s = 0; s < 6; ++s) {
    step(batch.embeddings, batch.targets, 1e-2, s);
    plain(batch, 1e-2, static_cast<std::uint64_t>(s));
  }
  EXPECT_EQ(values_of(head.statistics()).size(), values_of(twin.statistics()).size());
  EXPECT_LT(head.statistics().sub(twin.statistics()).abs().max().item<double>(), 1e-8);
  EXPECT_GT(
      head.parameters().sub(initialised(shape_with(dropout), 3).parameters()).norm().item<double>(),
      1e-3);
  return head.parameters().sub(twin.parameters()).abs().max().item<double>();
}

TEST(StepTest, WithoutARadiusIsPlainAdamW) {
  EXPECT_LT(difference_from_plain({.rho = 0}, 0), 1e-9);
  EXPECT_LT(difference_from_plain({.rho = 0}, .5), 1e-9);
}

TEST(StepTest, StepsByTheGradientAtThePerturbedWeights) {
  EXPECT_LT(difference_from_plain({.rho = .05}, 0), 1e-9);
  EXPECT_LT(difference_from_plain({.rho = .5}, 0), 1e-9);
}

TEST(StepTest, TheAdaptiveRadiusFollowsEachWeight) {
  EXPECT_LT(difference_from_plain({.rho = .5, .adaptive = true}, 0), 1e-9);
}

TEST(StepTest, DropoutIsFreshInPassTwoUnlessItIsToldToRepeat) {
  EXPECT_LT(difference_from_plain({.rho = .05}, .5), 1e-9);
  EXPECT_LT(difference_from_plain({.rho = .05, .same_dropout = true}, .5), 1e-9);
}

TEST(StepTest, StepsPlainlyBetweenEveryKthStep) {
  EXPECT_LT(difference_from_plain({.rho = .5, .every = 2}, .5), 1e-9);
  EXPECT_LT(difference_from_plain({.rho = .5, .every = 5}, 0), 1e-9);
}

TEST(StepTest, SaysItsLossesGradientNormAndTailLevels) {
  const Objective objective({}, {});
  const Batch batch = batch_of(12);
  const SamOptions sam{.rho = .5, .same_dropout = true, .every = 2};
  Head head = initialised(shape_with(.5), 3), twin = initialised(shape_with(.5), 3);
  SharpnessAwareStep step(head, objective, {}, sam, Precision::kFull, 5);
  TrainingPass pass(twin, Precision::kFull);
  const auto at_twin = [&] {
    const auto logits = pass.forward(twin.layers(), batch.embeddings, {5, 0, 0}, false);
    return objective.evaluate(logits, batch.targets);
  };
  const ObjectiveValue expected = at_twin();
  pass.backward(expected.gradients);
  const double norm = pass.gradients().norm().item<double>();
  const StepValue value = step(batch.embeddings, batch.targets, 1e-2, 0);
  EXPECT_NEAR(value.gradient_norm.item<double>(), norm, 1e-12);
  EXPECT_EQ(value.loss.item<double>(), expected.loss.item<double>());
  ASSERT_EQ(value.tail_levels.size(), 2U);
  EXPECT_EQ(value.tail_levels[1].item<double>(), expected.tail_levels[1].item<double>());
  twin.parameters().add_(pass.gradients(), .5 / norm);
  EXPECT_NEAR(value.perturbed_loss.item<double>(), at_twin().loss.item<double>(), 1e-9);
  EXPECT_GT(value.perturbed_loss.item<double>(), value.loss.item<double>())
      << "same masks: a step up the gradient";
  EXPECT_FALSE(step(batch.embeddings, batch.targets, 1e-2, 1).perturbed_loss.defined());
}

/// The head after one step with a learning rate of 0 and no decay.
Head after_a_step_of_nothing(const SamOptions& sam, at::ScalarType dtype) {
  Head head = initialised(shape_with(.5), 3, dtype);
  const Objective objective({}, {});
  SharpnessAwareStep step(head, objective, {.weight_decay = 0}, sam, Precision::kFull, 5);
  Batch batch = batch_of(12);
  for (TaskTargets& targets : batch.targets) {
    if (targets.task == au_task()) targets.labels = targets.labels.to(dtype);
  }
  for (std::int64_t s = 0; s < 5; ++s) step(batch.embeddings.to(dtype), batch.targets, 0, s);
  return head;
}

TEST(StepTest, ThePerturbationLeavesNoTrace) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const auto expected = values_of(initialised(shape_with(.5), 3, dtype).parameters());
    for (const bool adaptive : {false, true}) {
      const Head head = after_a_step_of_nothing({.rho = .5, .adaptive = adaptive}, dtype);
      EXPECT_EQ(values_of(const_cast<Head&>(head).parameters()), expected);
    }
  }
}

TEST(StepTest, RunningStatisticsMoveOnceAStep) {
  Head with = after_a_step_of_nothing({.rho = .5}, at::kDouble);
  Head without = after_a_step_of_nothing({.rho = 0}, at::kDouble);
  EXPECT_EQ(values_of(with.statistics()), values_of(without.statistics()));
  EXPECT_NE(values_of(with.statistics()), values_of(initialised(shape_with(.5), 3).statistics()));
}

TEST(StepTest, GivesTheLossAtTheWeights) {
  Head head = initialised(shape_with(0), 3);
  const Objective objective({}, {});
  SharpnessAwareStep step(head, objective, {}, {.rho = .5}, Precision::kFull, 5);
  const Batch batch = batch_of(12);
  const double expected =
      objective(testing::training_logits(head, batch.embeddings), batch.targets).item<double>();
  const at::Tensor loss = step(batch.embeddings, batch.targets, 1e-3, 0).loss;
  EXPECT_DOUBLE_EQ(loss.item<double>(), expected);
  EXPECT_FALSE(loss.requires_grad());
}

TEST(StepTest, IsAFunctionOfSeedAndStep) {
  const auto after = [](std::uint64_t seed, std::int64_t at) {
    Head head = initialised(shape_with(.5), 3);
    const Objective objective({}, {});
    SharpnessAwareStep step(head, objective, {}, {}, Precision::kFull, seed);
    const Batch batch = batch_of(12);
    step(batch.embeddings, batch.targets, 1e-3, at);
    return values_of(head.parameters());
  };
  EXPECT_EQ(after(5, 2), after(5, 2));
  EXPECT_NE(after(5, 2), after(6, 2));
  EXPECT_NE(after(5, 2), after(5, 3));
}

TEST(StepTest, LearnsTheTasksWeightsByAdamWWithoutDecay) {
  const ObjectiveOptions learned{.task_weights = {2, .5}, .task_weighting = "learned"};
  const Objective objective(learned, {});
  Head head = initialised(shape_with(0), 3);
  SharpnessAwareStep step(head, objective, {.weight_decay = .5}, {.rho = 0}, Precision::kFull, 5);
  LearnedTaskWeights& weights = *step.task_weights();
  EXPECT_DOUBLE_EQ(weights.weights()[0], 2);
  EXPECT_DOUBLE_EQ(weights.weights()[1], .5);
  const Batch batch = batch_of(12);
  Numbers64 s = values_of(weights.log_variances()), first(2), second(2);
  for (int t = 1; t <= 5; ++t) {
    const auto logits = testing::training_logits(head, batch.embeddings);
    double total = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const Objective alone({.task_weights = {1}}, {});
      const double loss = alone({logits[i]}, {batch.targets[i]}).item<double>();
      const double weight = std::exp(-s[i]), g = 1 - weight * loss;
      total += weight * loss + s[i];
      first[i] = .9 * first[i] + .1 * g;
      second[i] = .999 * second[i] + .001 * g * g;
      s[i] -= .01 * first[i] / (1 - std::pow(.9, t)) /
              (std::sqrt(second[i] / (1 - std::pow(.999, t))) + 1e-8);
    }
    EXPECT_NEAR(step(batch.embeddings, batch.targets, .01, t - 1).loss.item<double>(), total,
                1e-12);
    EXPECT_NEAR(values_of(weights.log_variances())[0], s[0], 1e-12);
    EXPECT_NEAR(values_of(weights.log_variances())[1], s[1], 1e-12);
  }
  const Objective plain({}, {});
  SharpnessAwareStep fixed(head, plain, {}, {}, Precision::kFull, 5);
  EXPECT_EQ(fixed.task_weights(), nullptr);
}

TEST(StepTest, LowersTheLossOfABatchThatItSeesAgain) {
  Head head = initialised(shape_with(0), 3);
  const Objective objective({}, {});
  SharpnessAwareStep step(head, objective, {}, {.rho = .05}, Precision::kFull, 5);
  const Batch batch = batch_of(12);
  const double first = step(batch.embeddings, batch.targets, 1e-2, 0).loss.item<double>();
  double last = first;
  for (std::int64_t s = 1; s < 60; ++s) {
    last = step(batch.embeddings, batch.targets, 1e-2, s).loss.item<double>();
  }
  EXPECT_LT(last, .7 * first);
}

}  // namespace
}  // namespace mien
