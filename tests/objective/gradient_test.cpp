// The objective's gradients against autograd through its definition, and against differences.
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/objective/objective.h"
#include "objective/random_targets.h"

namespace mien {
namespace {

using testing::random_tensor;
using testing::targets_of;
using testing::values_of;

constexpr int kCases = 240;
const std::vector<std::int64_t> kCounts = {90, 5, 6, 0, 30, 20, 10, 43};

/// A chosen batch and what is made of it.
struct Case {
  ObjectiveOptions options;
  TaskTargets targets;
  at::Tensor logits;
};

/// CVaR of 1-D losses, by topk, as part of the graph.
at::Tensor cvar_by_topk(const at::Tensor& losses, double alpha) {
  const std::int64_t n = losses.size(0);
  const double m = alpha * static_cast<double>(n);
  const std::int64_t whole = std::min(n, static_cast<std::int64_t>(m));
  const at::Tensor sorted = std::get<0>(losses.topk(std::min(n, whole + 1)));
  const at::Tensor sum = sorted.narrow(0, 0, whole).sum();
  if (sorted.size(0) == whole) return sum.div(m);
  return sum.add(sorted[whole], m - static_cast<double>(whole)).div(m);
}

/// The tail of [B, C] losses over the pool, group by group.
at::Tensor tail(const at::Tensor& losses, const at::Tensor& valid, const Case& test) {
  const std::string& pool = test.options.cvar_pool;
  std::vector<at::Tensor> parts;
  const auto add_group = [&](const at::Tensor& members, bool as_mean) {
    const at::Tensor chosen = losses.masked_select(valid.logical_and(members));
    if (chosen.numel() == 0) return;
    parts.push_back(as_mean ? chosen.mean() : cvar_by_topk(chosen, test.options.cvar_alpha));
  };
  const at::Tensor nobody = at::zeros(losses.sizes(), at::kBool);
  if (pool == "element" || (pool != "per_video" && losses.size(1) == 1)) {
    add_group(nobody.logical_not(), false);
  } else if (pool == "per_output") {
    for (std::int64_t c = 0; c < losses.size(1); ++c) {
      add_group(nobody.index_fill(1, at::tensor(c), true), false);
    }
  } else if (pool == "sample") {
    for (std::int64_t row = 0; row < losses.size(0); ++row) {
      add_group(nobody.index_fill(0, at::tensor(row), true), true);
    }
  } else {
    for (std::int64_t v = 0; v < test.targets.video_count; ++v) {
      add_group(test.targets.videos.eq(v).unsqueeze(1).expand_as(losses), true);
    }
  }
  if (parts.empty()) return losses.sum().mul(0);
  const at::Tensor all = at::stack(parts);
  const bool of_means = pool == "per_video" || (pool == "sample" && losses.size(1) > 1);
  return of_means ? cvar_by_topk(all, test.options.cvar_alpha) : all.mean();
}

at::Tensor focal(const at::Tensor& losses, double gamma) {
  return gamma == 0 ? losses : losses.neg().exp().neg().add(1).pow(gamma).mul(losses);
}

at::Tensor numbers(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble);
}

at::Tensor expr_losses(const Case& test) {
  const ObjectiveOptions& o = test.options;
  at::Tensor logits = test.logits;
  if (o.logit_adjustment > 0) {
    logits = logits.add(numbers(log_priors(kCounts)), o.logit_adjustment);
  }
  const at::Tensor log_p = at::log_softmax(logits, 1);
  const at::Tensor plain = at::nll_loss(log_p, test.targets.labels, {}, 0);
  const at::Tensor losses =
      plain.mul(1 - o.label_smoothing).sub(log_p.sum(1).div(8), o.label_smoothing);
  if (o.class_weights == "none") return focal(losses, o.focal);
  const at::Tensor weights = numbers(balanced_class_weights(kCounts));
  return focal(losses, o.focal).mul(weights.index_select(0, test.targets.labels));
}

at::Tensor auc(const Case& test, const at::Tensor& valid) {
  at::Tensor sum = at::zeros({}, at::kDouble);
  for (std::int64_t au = 0; au < 12; ++au) {
    const at::Tensor z = test.logits.select(1, au), ones = test.targets.labels.select(1, au).gt(.5);
    const at::Tensor known = valid.select(1, au);
    const at::Tensor positive = z.masked_select(ones.logical_and(known));
    const at::Tensor negative = z.masked_select(ones.logical_not().logical_and(known));
    if (positive.numel() == 0 || negative.numel() == 0) continue;
    const at::Tensor gaps = positive.unsqueeze(1).sub(negative.unsqueeze(0));
    const at::Tensor hinge = gaps.neg().add(test.options.auc_margin).relu();
    sum = sum.add(hinge.pow(test.options.auc_power).mean());
  }
  return sum.div(12);
}

/// Mean over the dimensions of 1 - CCC; 0 where there are fewer than two rows.
at::Tensor concordance(const Case& test, const at::Tensor& valid) {
  at::Tensor sum = test.logits.sum().mul(0);
  for (std::int64_t d = 0; d < 2; ++d) {
    const at::Tensor known = valid.select(1, d);
    const at::Tensor p = test.logits.select(1, d).masked_select(known).tanh();
    const at::Tensor y = test.targets.labels.select(1, d).masked_select(known);
    if (p.numel() < 2) continue;
    const at::Tensor from_p = p.sub(p.mean()), from_y = y.sub(y.mean());
    const at::Tensor spread = from_p.square().mean().add(from_y.square().mean());
    const at::Tensor ccc =
        from_p.mul(from_y).mean().mul(2).div(spread.add(p.mean().sub(y.mean()).square()));
    sum = sum.add(ccc.neg().add(1));
  }
  return sum.div(2);
}

at::Tensor element_losses(const Case& test) {
  switch (test.targets.task.kind()) {
    case TaskKind::kClasses:
      return expr_losses(test).unsqueeze(1);
    case TaskKind::kBinary:
      return focal(
          at::binary_cross_entropy_with_logits(test.logits, test.targets.labels, {}, {}, 0),
          test.options.focal);
    case TaskKind::kContinuous:
      break;
  }
  return test.logits.tanh().sub(test.targets.labels).square();
}

/// The definition with standard operators only, part of the graph.
at::Tensor restated(const Case& test) {
  const at::Tensor losses = element_losses(test);
  const at::Tensor valid = test.targets.valid.defined()
                               ? test.targets.valid.reshape({losses.size(0), -1}).expand_as(losses)
                               : at::zeros(losses.sizes()).eq(0);
  const bool by_ccc = test.targets.task == va_task() && test.options.continuous == "ccc";
  const at::Tensor of_tail = by_ccc ? concordance(test, valid) : tail(losses, valid, test);
  const double share = test.targets.task == au_task() ? test.options.auc_weight : 0;
  const at::Tensor value =
      share == 0 ? of_tail : of_tail.mul(1 - share).add(auc(test, valid), share);
  return value.mul(test.options.task_weights[0]);
}

/// Every combination of the options' choices comes up as `index` counts.
Case case_of(Task task, unsigned index) {
  std::mt19937 random(index);
  const auto choose = [&random](std::vector<double> choices) {
    return choices[random() % choices.size()];
  };
  Case test;
  const char* const pools[] = {"element", "sample", "per_output", "per_video"};
  test.options = {.cvar_alpha = choose({1, .5, .07, .3, .81}),
                  .cvar_pool = pools[index % 4],
                  .auc_weight = choose({0, .2, 1}),
                  .auc_margin = choose({.6, 1.5}),
                  .auc_power = choose({1, 2, 2.5}),
                  .class_weights = index / 4 % 2 == 0 ? "none" : "balanced",
                  .label_smoothing = index / 8 % 3 == 1 ? .1 : 0,
                  .logit_adjustment = index / 24 % 2 == 0 ? 0 : 1.3,
                  .focal = index / 8 % 3 == 2 ? choose({.5, 1, 2, 3.3}) : 0,
                  .continuous = index / 4 % 3 == 0 ? "ccc" : "mse",
                  .task_weights = {1.7}};
  const std::int64_t rows = 1 + random() % 30;
  const bool all_valid = index / 48 % 2 == 0;
  test.targets = targets_of(task, rows, index, all_valid);
  test.targets.video_count = 1 + static_cast<std::int64_t>(random() % 7);
  test.targets.videos = random_tensor({rows}, index)
                            .mul(100)
                            .abs()
                            .remainder(static_cast<double>(test.targets.video_count))
                            .to(at::kLong);
  test.logits =
      random_tensor({rows, static_cast<std::int64_t>(score_columns(task))}, index + 9).mul(2);
  test.logits.set_requires_grad(true);
  return test;
}

ObjectiveValue value_of(const Case& test) {
  return Objective(test.options, {kCounts}).evaluate({test.logits.detach()}, {test.targets});
}

void expect_autograd(Task task) {
  for (unsigned index = 0; index < kCases; ++index) {
    const Case test = case_of(task, index);
    const ObjectiveValue value = value_of(test);
    const at::Tensor expected = restated(test);
    expected.backward();
    EXPECT_NEAR(value.loss.item<double>(), expected.item<double>(),
                1e-12 * (1 + std::abs(expected.item<double>())))
        << index;
    const at::Tensor difference = value.gradients[0].sub(test.logits.grad());
    EXPECT_LE(difference.norm().item<double>(), 1e-11 * test.logits.grad().norm().item<double>())
        << index << " " << test.options.cvar_pool;
  }
}

TEST(Gradient, OfExprIsAutogradsOfTheDefinition) {
  expect_autograd(expr_task());
}

TEST(Gradient, OfAusIsAutogradsOfTheDefinition) {
  expect_autograd(au_task());
}

TEST(Gradient, OfValenceAndArousalIsAutogradsOfTheDefinition) {
  expect_autograd(va_task());
}

/// All tasks of a batch, with learned weights.
struct JointCase {
  std::vector<Case> tasks;
  at::Tensor log_variances;

  explicit JointCase(unsigned index) {
    for (const Task& task : {va_task(), expr_task(), au_task()}) {
      tasks.push_back(case_of(task, index));
      tasks.back().options.task_weights = {1, 1, 1};
    }
    log_variances = random_tensor({3}, index + 5).set_requires_grad(true);
  }

  ObjectiveValue value() const {
    std::vector<at::Tensor> logits;
    std::vector<TaskTargets> targets;
    for (const Case& task : tasks) {
      logits.push_back(task.logits.detach());
      targets.push_back(task.targets);
    }
    return Objective(tasks[0].options, {{}, kCounts, {}})
        .evaluate(logits, targets, {.log_variances = log_variances.detach()});
  }
};

TEST(Gradient, OfLearnedTaskWeightsIsAutogradsOfTheDefinition) {
  for (unsigned index = 0; index < kCases; ++index) {
    const JointCase test(index);
    at::Tensor expected = at::zeros({}, at::kDouble);
    for (std::int64_t t = 0; t < 3; ++t) {
      const Case& task = test.tasks[static_cast<std::size_t>(t)];
      const at::Tensor s = test.log_variances[t];
      const std::int64_t enough = t == 0 && task.options.continuous == "ccc" ? 2 : 1;
      if (task.targets.valid.defined() && task.targets.valid.sum().item<std::int64_t>() < enough) {
        continue;
      }
      expected = expected.add(restated(task).mul(s.neg().exp())).add(s);
    }
    expected.backward();
    const ObjectiveValue value = test.value();
    const double loss = expected.item<double>();
    EXPECT_NEAR(value.loss.item<double>(), loss, 1e-12 * (1 + std::abs(loss))) << index;
    const auto expect_near = [&](const at::Tensor& found, const at::Tensor& gradient) {
      const double size = gradient.defined() ? gradient.norm().item<double>() : 0;
      const at::Tensor off = gradient.defined() ? found.sub(gradient) : found;
      EXPECT_LE(off.norm().item<double>(), 1e-11 * size) << index;
    };
    expect_near(value.log_variance_gradient, test.log_variances.grad());
    for (std::size_t t = 0; t < 3; ++t) {
      expect_near(value.gradients[t], test.tasks[t].logits.grad());
    }
  }
}

/// The largest difference between a gradient and central differences of the loss.
double off_by_differences(const Case& test) {
  constexpr double kStep = 1e-6;
  const auto gradient = values_of(value_of(test).gradients[0]);
  double largest = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    Case moved = test;
    const auto loss_at = [&](double by) {
      moved.logits = test.logits.detach().clone();
      moved.logits.mutable_data_ptr<double>()[i] += by;
      return value_of(moved).loss.item<double>();
    };
    const double slope = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    largest = std::max(largest, std::abs(slope - gradient[i]));
  }
  return largest;
}

TEST(Gradient, IsTheLimitOfDifferences) {
  for (const Task& task : {expr_task(), au_task(), va_task()}) {
    for (const char* pool : {"element", "sample", "per_output", "per_video"}) {
      Case test = case_of(task, 96);
      test.options.cvar_pool = pool;
      test.options.auc_weight = .3;
      test.options.auc_power = 2;
      EXPECT_LT(off_by_differences(test), 1e-7) << pool;
      test.options.focal = 1.5;
      EXPECT_LT(off_by_differences(test), 1e-7) << pool << ", focal";
      test.options.focal = 0;
      test.options.label_smoothing = .2;
      test.options.logit_adjustment = 1;
      EXPECT_LT(off_by_differences(test), 1e-7) << pool << ", smoothed";
    }
  }
}

}  // namespace
}  // namespace mien
