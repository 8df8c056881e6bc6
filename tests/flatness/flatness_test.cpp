#include "mien/flatness/flatness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/head/evaluation_pass.h"
#include "objective/random_targets.h"

namespace mien {
namespace {

using testing::au_targets;
using testing::initialised;
using testing::random_tensor;
using testing::small_shape;

/// A head whose running statistics and BatchNorm weights are not those it starts with.
Head moved_head(std::int64_t layers, std::vector<Task> tasks, std::uint32_t seed) {
  Head head = initialised(small_shape(5, layers, 4, .5, std::move(tasks)), seed);
  head.parameters().add_(random_tensor({head.parameter_count()}, seed + 1), .3);
  for (Head::Statistics& block : head.block_statistics()) {
    block.mean.copy_(random_tensor({4}, seed + 2));
    block.var.copy_(random_tensor({4}, seed + 3).abs().add(.2));
  }
  return head;
}

FlatnessRows rows_of(const Head& head, std::uint32_t seed, bool all_valid = false) {
  FlatnessRows rows{random_tensor({40, 5}, seed), {}};
  for (const Task& task : head.shape().tasks) {
    rows.targets.push_back(testing::targets_of(task, 40, seed + 1, all_valid));
    rows.targets.back().videos = random_tensor({40}, seed + 5).abs().mul(2).to(at::kLong);
    rows.targets.back().video_count = 20;
  }
  return rows;
}

struct Case {
  std::int64_t layers;
  std::vector<Task> tasks;
  ObjectiveOptions options;
};

std::vector<Case> cases() {
  ObjectiveOptions weighted{.cvar_alpha = .7, .class_weights = "balanced", .task_weights = {1, .4}};
  weighted.label_smoothing = .1;
  weighted.logit_adjustment = .5;
  return {{2, {expr_task()}, {.cvar_alpha = 1}},
          {3, {expr_task(), au_task()}, {.cvar_alpha = .5}},
          {1, {au_task()}, {.cvar_alpha = .4, .cvar_pool = "per_output"}},
          {2, {au_task()}, {.cvar_alpha = .6, .cvar_pool = "sample", .focal = 1.5}},
          {2, {expr_task()}, {.cvar_alpha = .6, .cvar_pool = "per_video", .focal = 2}},
          {2, {au_task(), expr_task()}, weighted},
          {2, {va_task(), expr_task()}, {.cvar_alpha = .6}},
          {2, {va_task()}, {.cvar_alpha = .6, .continuous = "mse"}},
          {0, {expr_task()}, {.cvar_alpha = 1, .focal = 1}}};
}

/// Labels per class of the tasks of classes among `tasks`.
ClassCounts counts_of(const std::vector<Task>& tasks) {
  ClassCounts counts;
  for (const Task& task : tasks) {
    counts.push_back(task.is_classes() ? std::vector<std::int64_t>{9, 1, 4, 2, 7, 3, 5, 8}
                                       : std::vector<std::int64_t>());
  }
  return counts;
}

TEST(FlatnessTest, EvaluationPassGivesTheHeadsLogits) {
  for (const Case& test : cases()) {
    const Head head = moved_head(test.layers, test.tasks, 3);
    const at::Tensor x = random_tensor({7, 5}, 9);
    const EvaluationPass pass(head, x);
    const auto expected = head.forward(x);
    for (std::size_t t = 0; t < expected.size(); ++t) {
      EXPECT_LT(pass.logits()[t].sub(expected[t]).abs().max().item<double>(), 1e-12);
    }
  }
}

TEST(FlatnessTest, TheGradientIsThatOfTheLossByFiniteDifferences) {
  for (const Case& test : cases()) {
    const Head head = moved_head(test.layers, test.tasks, 3);
    const Objective objective(test.options, counts_of(test.tasks));
    const FlatnessRows rows = rows_of(head, 20);
    const LossDerivatives derivatives(head, objective, rows);
    LossAt loss_at(head, objective, rows);
    for (std::uint32_t i = 0; i < 5; ++i) {
      const at::Tensor v = random_tensor({head.parameter_count()}, 50 + i);
      const double up = loss_at(head.parameters().add(v, 1e-6));
      const double down = loss_at(head.parameters().add(v, -1e-6));
      EXPECT_NEAR((up - down) / 2e-6, derivatives.gradient().dot(v).item<double>(), 1e-5);
    }
  }
}

TEST(FlatnessTest, ProductsAreThoseOfASymmetricMatrixAndDifferencesOfGradients) {
  for (const Case& test : cases()) {
    Head head = moved_head(test.layers, test.tasks, 3);
    const Objective objective(test.options, counts_of(test.tasks));
    const FlatnessRows rows = rows_of(head, 20);
    const LossDerivatives derivatives(head, objective, rows);
    const at::Tensor v = random_tensor({head.parameter_count()}, 60);
    const at::Tensor u = random_tensor({head.parameter_count()}, 61);
    const at::Tensor product = derivatives.hessian_product(v);
    EXPECT_NEAR(u.dot(product).item<double>(), v.dot(derivatives.hessian_product(u)).item<double>(),
                1e-9);
    const at::Tensor start = head.parameters().clone();
    head.parameters().add_(v, 1e-7);
    const at::Tensor up = LossDerivatives(head, objective, rows).gradient();
    head.parameters().copy_(start).add_(v, -1e-7);
    const at::Tensor down = LossDerivatives(head, objective, rows).gradient();
    const double gap = up.sub(down).div(2e-7).sub(product).norm().item<double>();
    EXPECT_LT(gap, 1e-4 * product.norm().item<double>() + 1e-6);
    EXPECT_GT(product.norm().item<double>(), 1e-3);
  }
}

TEST(FlatnessTest, SharpnessIsItsDefinition) {
  const Head head = moved_head(2, {expr_task(), au_task()}, 3);
  const Objective objective({.cvar_alpha = .5}, {});
  const FlatnessRows rows = rows_of(head, 20);
  const Flatness found = measure_flatness(head, objective, rows, {.rho = .3, .seed = 2});
  LossAt loss_at(head, objective, rows);
  const LossDerivatives derivatives(head, objective, rows);
  const at::Tensor& g = derivatives.gradient();
  EXPECT_DOUBLE_EQ(found.loss, objective(head.forward(rows.x), rows.targets).item<double>());
  EXPECT_NEAR(found.gradient_norm, g.norm().item<double>(), 1e-12);
  const double there = loss_at(head.parameters().add(g.mul(.3).div(g.norm())));
  EXPECT_NEAR(found.ascent, there - found.loss, 1e-12);
  EXPECT_GT(found.ascent, found.random.mean);
}

TEST(FlatnessTest, IsAFunctionOfTheSeed) {
  const Head head = moved_head(2, {expr_task()}, 3);
  const Objective objective({}, {});
  const FlatnessRows rows = rows_of(head, 20);
  const auto measured = [&](std::uint64_t seed) {
    return measure_flatness(head, objective, rows, {.seed = seed});
  };
  EXPECT_EQ(measured(1).random.mean, measured(1).random.mean);
  EXPECT_EQ(measured(1).trace.mean, measured(1).trace.mean);
  EXPECT_NE(measured(1).random.mean, measured(2).random.mean);
  EXPECT_NE(measured(1).trace.mean, measured(2).trace.mean);
  EXPECT_NEAR(measured(1).top.value, measured(2).top.value, 1e-3 * measured(1).top.value);
}

TEST(FlatnessTest, AnEverFlatLossHasNoSharpness) {
  Head head = initialised(small_shape(5, 1, 4, 0, {au_task()}), 3);
  head.parameters().zero_();
  FlatnessRows rows{random_tensor({6, 5}, 1), {au_targets(6, 2, true)}};
  rows.targets[0].valid = rows.targets[0].labels.lt(-1);  // nothing is valid
  const Objective objective({}, {});
  const Flatness found = measure_flatness(head, objective, rows, {});
  EXPECT_EQ(found.loss, 0);
  EXPECT_EQ(found.ascent, 0);
  EXPECT_EQ(found.top.value, 0);
  EXPECT_EQ(found.trace.mean, 0);
}

TEST(FlatnessTest, DirectionsAreNormalisedFilterByFilter) {
  const Head head = moved_head(2, {expr_task(), au_task()}, 3);
  const at::Tensor flat = filter_normalised(head, random_tensor({head.parameter_count()}, 70));
  const HeadLayers direction(head.shape(), flat);
  const auto expect_norms = [](const at::Tensor& a, const at::Tensor& b) {
    EXPECT_LT(a.norm(2, 1, false).sub(b.norm(2, 1, false)).abs().max().item<double>(), 1e-8);
  };
  for (std::size_t i = 0; i < 2; ++i) {
    expect_norms(direction.trunk[i].weight, head.layers().trunk[i].weight);
    expect_norms(direction.heads[i].weight, head.layers().heads[i].weight);
    EXPECT_EQ(direction.trunk[i].bias.abs().max().item<double>(), 0);
    EXPECT_EQ(direction.trunk[i].norm_weight.abs().max().item<double>(), 0);
    EXPECT_EQ(direction.trunk[i].norm_bias.abs().max().item<double>(), 0);
    EXPECT_EQ(direction.heads[i].bias.abs().max().item<double>(), 0);
  }
}

TEST(FlatnessTest, TheCentreOfTheSurfaceIsTheLossItself) {
  const Head head = moved_head(2, {expr_task()}, 3);
  const Objective objective({}, {});
  const FlatnessRows rows = rows_of(head, 20);
  const LossSurface surface = loss_surface(head, objective, rows, 5, 1);
  EXPECT_EQ(surface.steps, (std::vector<double>{-1, -.5, 0, .5, 1}));
  ASSERT_EQ(surface.losses.size(), 25U);
  LossAt loss_at(head, objective, rows);
  EXPECT_DOUBLE_EQ(surface.losses[12], loss_at(head.parameters()));
  EXPECT_NE(surface.losses[0], surface.losses[24]);
  const std::string csv = to_csv(surface);
  EXPECT_TRUE(csv.starts_with("first,second,loss\n-1,-1,"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 26);
}

}  // namespace
}  // namespace mien
