#include "mien/head/head.h"

#include <ATen/ops/eye.h>
#include <gtest/gtest.h>

#include <cmath>

#include "head/small_heads.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using testing::initialised;
using testing::random_tensor;
using testing::small_shape;
using testing::tensor_named;
using testing::training_logits;
using testing::values_of;

TEST(HeadTest, HasTheParametersOfTheReference) {
  const auto count = [](std::vector<Task> tasks) {
    return Head(small_shape(768, 3, 768, .6, std::move(tasks)), at::kFloat, at::kCPU)
        .parameter_count();
  };
  EXPECT_EQ(count({expr_task()}), 1'782'536);
  EXPECT_EQ(count({au_task()}), 1'785'612);
  EXPECT_EQ(count({expr_task(), au_task()}), 1'782'536 + 12 * 769) << "the trunk is shared";
}

TEST(HeadTest, GivesEveryTasksScores) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    const auto shape = small_shape(1 + random() % 9, random() % 4, 1 + random() % 9, .5,
                                   {au_task(), va_task(), expr_task()});
    Head head = initialised(shape, round);
    const std::int64_t rows = 2 + random() % 5;
    const at::Tensor x = random_tensor({rows, shape.input_dim}, round);
    for (const auto& logits : {head.forward(x), training_logits(head, x, {}, true)}) {
      ASSERT_EQ(logits.size(), 3U);
      EXPECT_EQ(logits[0].sizes(), (std::vector<std::int64_t>{rows, 12}));
      EXPECT_EQ(logits[1].sizes(), (std::vector<std::int64_t>{rows, 2}));
      EXPECT_EQ(logits[2].sizes(), (std::vector<std::int64_t>{rows, 8}));
    }
    std::int64_t named = 0;
    for (const auto& entry : head.named_tensors()) named += entry.tensor.numel();
    EXPECT_EQ(named, head.parameter_count() + head.statistics().numel());
  }
}

TEST(HeadTest, ShapeTakesTheEmbeddingDimensionForAWidthOfZero) {
  EXPECT_EQ(HeadShape::from({.width = 0}, 768, {expr_task()}).width, 768);
  EXPECT_EQ(HeadShape::from({.width = 32}, 768, {expr_task()}).width, 32);
}

TEST(HeadInitialise, IsAFunctionOfTheSeed) {
  const auto shape = small_shape(6, 2, 5, .5, {expr_task(), au_task()});
  const auto first = values_of(initialised(shape, 5).parameters());
  EXPECT_EQ(values_of(initialised(shape, 5).parameters()), first);
  EXPECT_NE(values_of(initialised(shape, 6).parameters()), first);
}

TEST(HeadInitialise, DrawsKaimingUniformWeightsAndDefaultBiases) {
  const Head head = initialised(small_shape(50, 2, 40, .5), 3);
  const auto expect_uniform = [&](const std::string& name, double bound) {
    const at::Tensor tensor = tensor_named(head, name);
    const double largest = tensor.abs().max().item<double>();
    EXPECT_LE(largest, bound) << name;
    EXPECT_GT(largest, .7 * bound) << name;
    if (tensor.numel() < 300) return;
    EXPECT_GT(largest, .99 * bound) << name;
    EXPECT_NEAR(tensor.pow(2).mean().item<double>(), bound * bound / 3, .1 * bound * bound) << name;
  };
  expect_uniform("trunk.0.linear.weight", std::sqrt(6. / 50));
  expect_uniform("trunk.0.linear.bias", 1 / std::sqrt(50.));
  expect_uniform("trunk.1.linear.weight", std::sqrt(6. / 40));
  expect_uniform("heads.expr.weight", std::sqrt(6. / 40));
  expect_uniform("heads.expr.bias", 1 / std::sqrt(40.));
  for (const char* name : {"trunk.1.norm.weight", "trunk.1.norm.running_var"}) {
    EXPECT_EQ(values_of(tensor_named(head, name)), std::vector<double>(40, 1)) << name;
  }
  for (const char* name : {"trunk.0.norm.bias", "trunk.0.norm.running_mean"}) {
    EXPECT_EQ(values_of(tensor_named(head, name)), std::vector<double>(40, 0)) << name;
  }
}

TEST(HeadForward, IgnoresDropoutInEvaluation) {
  const Head with = initialised(small_shape(6, 2, 5, .9), 3);
  const Head without = initialised(small_shape(6, 2, 5, 0), 3);
  const at::Tensor x = random_tensor({7, 6}, 1);
  const auto expected = values_of(without.forward(x).at(0));
  EXPECT_EQ(values_of(with.forward(x).at(0)), expected);
  EXPECT_EQ(values_of(with.forward(x).at(0)), expected);
}

TEST(HeadForward, ARowDoesNotDependOnTheOthers) {
  Head head = initialised(small_shape(6, 3, 5, .5), 3);
  const at::Tensor x = random_tensor({9, 6}, 1);
  training_logits(head, x, {}, true);
  const auto all = values_of(head.forward(x).at(0));
  for (std::int64_t row = 0; row < 9; ++row) {
    const auto alone = values_of(head.forward(x.narrow(0, row, 1)).at(0));
    for (std::size_t c = 0; c < 8; ++c) {
      EXPECT_NEAR(alone[c], all[static_cast<std::size_t>(row) * 8 + c], 1e-12);
    }
  }
}

TEST(HeadForward, WithoutLayersIsOneLinearMap) {
  Head head = initialised(small_shape(4, 0, 4, .5, {va_task()}), 3);
  const auto weight = values_of(tensor_named(head, "heads.va.weight"));
  const auto bias = values_of(tensor_named(head, "heads.va.bias"));
  const at::Tensor x = random_tensor({3, 4}, 1);
  const auto inputs = values_of(x), logits = values_of(head.forward(x).at(0));
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t out = 0; out < 2; ++out) {
      double expected = bias[out];
      for (std::size_t d = 0; d < 4; ++d) expected += weight[out * 4 + d] * inputs[row * 4 + d];
      EXPECT_NEAR(logits[row * 2 + out], expected, 1e-12);
    }
  }
  EXPECT_EQ(values_of(training_logits(head, x).at(0)), logits)
      << "nothing is dropped or normalised";
  EXPECT_EQ(head.statistics().numel(), 0);
}

TEST(HeadTraining, TheDropoutKeyFixesTheMasks) {
  Head head = initialised(small_shape(6, 2, 8, .5), 3);
  const at::Tensor x = random_tensor({9, 6}, 1);
  const DropoutKey key{5, 7, 0};
  const auto first = values_of(training_logits(head, x, key).at(0));
  random_tensor({100}, 4);
  EXPECT_EQ(values_of(training_logits(head, x, key).at(0)), first);
  for (const DropoutKey& other : {DropoutKey{6, 7, 0}, DropoutKey{5, 8, 0}, DropoutKey{5, 7, 1},
                                  DropoutKey{7, 5, 0}, DropoutKey{0, 0, 0}}) {
    EXPECT_NE(values_of(training_logits(head, x, other).at(0)), first);
  }
}

TEST(HeadTraining, DropsTheShareAndScalesTheRest) {
  for (const double dropout : {.2, .6}) {
    Head with = initialised(small_shape(8, 1, 8, dropout), 3);
    Head without = initialised(small_shape(8, 1, 8, 0), 3);
    for (Head* head : {&with, &without}) {  // the output is the trunk's
      tensor_named(*head, "heads.expr.weight").copy_(at::eye(8));
      tensor_named(*head, "heads.expr.bias").zero_();
    }
    const at::Tensor x = random_tensor({4000, 8}, 1);
    const auto dropped = values_of(training_logits(with, x, {1, 2, 0}).at(0));
    const auto whole = values_of(training_logits(without, x, {1, 2, 0}).at(0));
    double active = 0, zeros = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (whole[i] <= 1e-9) continue;  // ReLU
      ++active;
      zeros += dropped[i] == 0;
      const double kept = dropped[i] == 0 ? 0 : whole[i] / (1 - dropout);
      ASSERT_NEAR(dropped[i], kept, 1e-9);
    }
    EXPECT_NEAR(zeros / active, dropout, 5 * std::sqrt(dropout * (1 - dropout) / active));
  }
}

TEST(HeadTraining, RunningStatisticsMoveOnlyWhenAsked) {
  Head head = initialised(small_shape(3, 1, 3, 0), 3);
  const at::Tensor x = random_tensor({50, 3}, 1).mul(3).add(2);
  const auto before = values_of(head.statistics());
  training_logits(head, x);
  head.forward(x);
  EXPECT_EQ(values_of(head.statistics()), before);
  training_logits(head, x, {}, true);
  const at::Tensor hidden = x.matmul(tensor_named(head, "trunk.0.linear.weight").t())
                                .add(tensor_named(head, "trunk.0.linear.bias"));
  const auto mean = values_of(hidden.mean(0)), var = values_of(hidden.var(0, /*unbiased=*/true));
  const auto running_mean = values_of(tensor_named(head, "trunk.0.norm.running_mean"));
  const auto running_var = values_of(tensor_named(head, "trunk.0.norm.running_var"));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(running_mean[i], .1 * mean[i], 1e-12);
    EXPECT_NEAR(running_var[i], .9 + .1 * var[i], 1e-12);
  }
}

TEST(HeadTraining, Bf16ProductsStayNearAndKeepTheDtype) {
  Head head = initialised(small_shape(16, 2, 16, 0), 3, at::kFloat);
  const at::Tensor x = random_tensor({32, 16}, 1, at::kFloat);
  const auto full = training_logits(head, x).at(0);
  const auto half = training_logits(head, x, {}, false, Precision::kBf16).at(0);
  EXPECT_EQ(half.scalar_type(), at::kFloat);
  const double distance = full.sub(half).norm().item<double>() / full.norm().item<double>();
  EXPECT_GT(distance, 0);
  EXPECT_LT(distance, .03);
}

HeadShape shape_with(Normalize normalize, std::vector<std::int64_t> parts) {
  HeadShape shape = small_shape(5, 1, 3, 0);
  shape.normalize = normalize;
  shape.parts = std::move(parts);
  return shape;
}

TEST(HeadInputs, AreTheEmbeddingsThemselvesUnlessTheShapeSaysMore) {
  const Head head = initialised(small_shape(5, 1, 3, 0), 1);
  const at::Tensor x = random_tensor({4, 5}, 2);
  EXPECT_TRUE(head.normalized(x).is_same(x));
  EXPECT_FALSE(head.input_statistics().mean.defined());
}

TEST(HeadInputs, AreStandardisedByTheirStatistics) {
  Head head = initialised(shape_with(Normalize::kStandardize, {}), 1);
  const at::Tensor x = random_tensor({4, 5}, 2);
  EXPECT_EQ(values_of(head.normalized(x)), values_of(x)) << "mean 0 and deviation 1 at first";
  const at::Tensor mean = random_tensor({5}, 3), deviation = random_tensor({5}, 4).abs().add(.1);
  head.input_statistics().mean.copy_(mean);
  head.input_statistics().std.copy_(deviation);
  const at::Tensor expected = x.sub(mean).div(deviation);
  EXPECT_EQ(values_of(head.normalized(x)), values_of(expected));
  Head plain = initialised(small_shape(5, 1, 3, 0), 1);
  EXPECT_EQ(values_of(head.forward(x)[0]), values_of(plain.forward(expected)[0]));
}

TEST(HeadInputs, HaveUnitLengthBankByBank) {
  const Head one = initialised(shape_with(Normalize::kL2, {5}), 1);
  const Head two = initialised(shape_with(Normalize::kL2, {2, 3}), 1);
  at::Tensor x = random_tensor({4, 5}, 2).mul(100);
  x.select(0, 1).zero_();
  x.select(0, 2).narrow(0, 0, 2).zero_();
  const auto length = [](const at::Tensor& row) { return std::sqrt(row.dot(row).item<double>()); };
  for (std::int64_t row = 0; row < 4; ++row) {
    const at::Tensor whole = one.normalized(x).select(0, row),
                     parts = two.normalized(x).select(0, row);
    EXPECT_NEAR(length(whole), row == 1 ? 0 : 1, 1e-12);
    EXPECT_NEAR(length(parts.narrow(0, 0, 2)), row == 1 || row == 2 ? 0 : 1, 1e-12);
    EXPECT_NEAR(length(parts.narrow(0, 2, 3)), row == 1 ? 0 : 1, 1e-12);
  }
}

}  // namespace
}  // namespace mien
