// The written-down derivatives against autograd, and the fused pass against standard operators.
#include "mien/head/training_pass.h"

#include <ATen/Parallel.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "norm_relu_dropout.h"

namespace mien {
namespace {

using testing::initialised;
using testing::random_tensor;
using testing::small_shape;

/// Random outputs to be multiplied with the logits: their sum has them as its gradient.
struct Case {
  HeadShape shape;
  at::Tensor x;
  std::vector<at::Tensor> logit_gradients;
  DropoutKey key;
};

Case random_case(std::uint32_t seed, std::int64_t least_rows, std::int64_t most_rows) {
  std::mt19937 random(seed);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
  };
  const std::vector<std::vector<Task>> tasks = {{expr_task()},
                                                {au_task()},
                                                {va_task()},
                                                {au_task(), expr_task()},
                                                {expr_task(), au_task(), va_task()}};
  Case test;
  test.shape = small_shape(pick(1, 70), pick(0, 4), pick(1, 70), pick(0, 1) == 0 ? 0 : .4,
                           tasks[static_cast<std::size_t>(pick(0, 4))]);
  const std::int64_t rows = pick(least_rows, most_rows);
  test.x = random_tensor({rows, test.shape.input_dim}, seed + 1);
  for (const Task& task : test.shape.tasks) {
    const auto columns = static_cast<std::int64_t>(score_columns(task));
    test.logit_gradients.push_back(random_tensor({rows, columns}, seed + 2));
  }
  test.key = {seed, 3, 1};
  return test;
}

/// Parameters that a trained head could have: no scale of one, no shift of zero.
Head head_of(const Case& test, at::ScalarType dtype) {
  Head head = initialised(test.shape, test.key.seed);
  for (const HeadLayers::Block& block : head.layers().trunk) {
    block.norm_weight.add_(random_tensor({test.shape.width}, 7).mul(.3));
    block.norm_bias.add_(random_tensor({test.shape.width}, 8).mul(.3));
  }
  Head typed(test.shape, dtype, at::kCPU);
  typed.parameters().copy_(head.parameters());
  return typed;
}

struct Outcome {
  at::Tensor gradient;             ///< [P] in double
  std::vector<at::Tensor> active;  ///< which units of each block let a gradient through
};

/// By LibTorch's autograd, out of standard operators; a Linear's bias before BatchNorm left out.
Outcome by_autograd(const Case& test, at::ScalarType dtype) {
  Head head = head_of(test, dtype);
  const at::Tensor leaf = head.parameters().clone().requires_grad_();
  const HeadLayers layers(test.shape, leaf);
  Outcome outcome;
  at::Tensor hidden = test.x.to(dtype);
  for (std::size_t i = 0; i < layers.trunk.size(); ++i) {
    const HeadLayers::Block& block = layers.trunk[i];
    hidden = at::linear(hidden, block.weight, block.bias.detach());
    hidden = at::batch_norm(hidden, block.norm_weight, block.norm_bias, {}, {}, /*training=*/true,
                            .1, 1e-5, /*cudnn=*/false)
                 .relu();
    const DropoutMask mask =
        dropout_mask(test.key, static_cast<std::int64_t>(i), test.x.size(0), test.shape.dropout);
    if (mask.threshold > 0) {
      hidden = hidden.mul(factors_of(mask, test.shape.width, hidden.detach().options()));
    }
    outcome.active.push_back(hidden.detach().gt(0));
  }
  at::Tensor sum = at::zeros({}, leaf.options().requires_grad(false));
  for (std::size_t t = 0; t < layers.heads.size(); ++t) {
    const at::Tensor logits = at::linear(hidden, layers.heads[t].weight, layers.heads[t].bias);
    sum = sum.add(logits.mul(test.logit_gradients[t].to(dtype)).sum());
  }
  sum.backward();
  outcome.gradient = leaf.grad().to(at::kDouble);
  return outcome;
}

at::Tensor by_hand(const Case& test, at::ScalarType dtype, Precision precision = Precision::kFull) {
  Head head = head_of(test, dtype);
  TrainingPass pass(head, precision);
  const at::Tensor x = test.x.to(dtype);
  pass.forward(head.layers(), x, test.key, false);
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& gradient : test.logit_gradients) gradients.push_back(gradient.to(dtype));
  pass.backward(gradients);
  return pass.gradients().to(at::kDouble);
}

double relative(const at::Tensor& found, const at::Tensor& expected) {
  return found.sub(expected).norm().item<double>() / (expected.norm().item<double>() + 1e-300);
}

bool same_units(const Outcome& a, const Outcome& b) {
  for (std::size_t i = 0; i < a.active.size(); ++i) {
    if (!a.active[i].equal(b.active[i])) return false;
  }
  return true;
}

TEST(TrainingPass, GradientsAreAutogradsInDouble) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const Case test = random_case(1000 + seed, 2, 70);
    const double error =
        relative(by_hand(test, at::kDouble), by_autograd(test, at::kDouble).gradient);
    // Two rows normalise to +-1 whatever they are: nearly everything cancels, in both.
    EXPECT_LE(error, 1e-11) << "seed " << seed << ", rows " << test.x.size(0) << ", layers "
                            << test.shape.layers;
  }
}

TEST(TrainingPass, RoundsNoWorseThanAutogradInSingle) {
  int kinks = 0;
  double ours = 0, autograds = 0;
  for (std::uint32_t seed = 0; seed < 120; ++seed) {
    const Case test = random_case(5000 + seed, 8, 200);
    const Outcome exact = by_autograd(test, at::kDouble);
    const Outcome single = by_autograd(test, at::kFloat);
    if (!same_units(exact, single)) {
      ++kinks;
      continue;
    }
    const double found = relative(by_hand(test, at::kFloat), exact.gradient);
    const double allowed = relative(single.gradient, exact.gradient);
    ours += found;
    autograds += allowed;
    EXPECT_LE(found, 3 * allowed) << "seed " << seed << ", rows " << test.x.size(0);
  }
  EXPECT_LT(kinks, 30) << "cases with a unit at its kink";
  EXPECT_LE(ours, 1.5 * autograds) << "summed over all cases";
}

TEST(TrainingPass, Bf16RoundsProductsAndNothingElse) {
  double largest = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const Case test = random_case(3000 + seed, 30, 70);
    const double error = relative(by_hand(test, at::kFloat, Precision::kBf16),
                                  by_autograd(test, at::kDouble).gradient);
    largest = std::max(largest, error);
    if (test.shape.layers == 0) {
      EXPECT_LE(error, 1e-5) << "seed " << seed;
    }
    EXPECT_LE(error, .25) << "seed " << seed << ", layers " << test.shape.layers;
  }
  EXPECT_GT(largest, 1e-3);
}

TEST(TrainingPass, BackwardOverwrites) {
  const Case test = random_case(3, 8, 8);
  Head head = head_of(test, at::kDouble);
  TrainingPass pass(head, Precision::kFull);
  const auto run = [&](const at::Tensor& x) {
    pass.forward(head.layers(), x, test.key, false);
    pass.backward(test.logit_gradients);
    return pass.gradients().clone();
  };
  const at::Tensor first = run(test.x);
  run(test.x.mul(2));
  EXPECT_TRUE(run(test.x).equal(first));
}

TEST(TrainingPass, UsesTheWeightsThatItIsGiven) {
  const Case test = random_case(4, 9, 9);
  Head head = head_of(test, at::kDouble);
  Head other = head_of(test, at::kDouble);
  other.parameters().mul_(1.1).add_(.01);
  TrainingPass pass(head, Precision::kFull), expected(other, Precision::kFull);
  const auto at_other = pass.forward(other.layers(), test.x, test.key, false);
  const auto logits = expected.forward(other.layers(), test.x, test.key, false);
  for (std::size_t t = 0; t < logits.size(); ++t) EXPECT_TRUE(at_other[t].equal(logits[t]));
}

TEST(TrainingPass, TheBitsDoNotDependOnTheThreads) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    NormReluDropout pass;
    const std::int64_t rows = 2 + random() % 300, width = 1 + random() % 200;
    pass.z = random_tensor({rows, width}, seed, at::kFloat);
    pass.gamma = random_tensor({width}, seed + 1, at::kFloat);
    pass.beta = pass.bias = random_tensor({width}, seed + 2, at::kFloat);
    pass.mean = at::empty_like(pass.gamma);
    pass.inverse_std = at::empty_like(pass.gamma);
    const DropoutMask mask = dropout_mask({seed, 1, 0}, 0, rows, .6);
    const auto outputs = [&](int threads) {
      at::set_num_threads(threads);
      pass.y = at::empty_like(pass.z);
      forward(pass, mask);
      const at::Tensor gradient = random_tensor({rows, width}, seed + 3, at::kFloat);
      const at::Tensor gamma = at::empty_like(pass.gamma), beta = at::empty_like(pass.gamma);
      backward(pass, mask, gradient, gamma, beta);
      at::set_num_threads(1);
      return at::cat({pass.y, gradient, gamma.unsqueeze(0), beta.unsqueeze(0)});
    };
    EXPECT_TRUE(outputs(1).equal(outputs(3)));
  }
}

TEST(NormReluDropout, EqualsStandardOperators) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const at::ScalarType dtype = seed % 2 == 0 ? at::kDouble : at::kFloat;
    const double tolerance = seed % 2 == 0 ? 1e-11 : 2e-4;
    const std::int64_t rows = 2 + random() % 150, width = 1 + random() % 100;
    const auto vector = [&](std::uint32_t of) { return random_tensor({width}, seed + of, dtype); };
    NormReluDropout fused;
    fused.z = random_tensor({rows, width}, seed, dtype).mul(3).add(20);
    fused.gamma = vector(1);
    fused.beta = vector(2);
    fused.bias = vector(3);
    fused.y = at::empty_like(fused.z);
    fused.mean = at::empty_like(fused.gamma);
    fused.inverse_std = at::empty_like(fused.gamma);
    fused.running_mean = vector(4);
    fused.running_var = vector(5).abs();
    NormReluDropout plain = fused;
    for (at::Tensor* own :
         {&plain.y, &plain.mean, &plain.inverse_std, &plain.running_mean, &plain.running_var}) {
      *own = own->clone();
    }
    const DropoutMask mask = dropout_mask({seed, 2, 0}, 1, rows, seed % 3 == 0 ? 0 : .6);
    forward(fused, mask);
    forward_by_operators(plain, mask);
    const auto expect_near = [&](const at::Tensor& a, const at::Tensor& b, const char* what) {
      EXPECT_LE(a.sub(b).abs().max().item<double>(),
                tolerance * b.abs().max().item<double>() + 1e-12)
          << what << ", seed " << seed;
    };
    expect_near(fused.mean, plain.mean, "mean");
    expect_near(fused.inverse_std, plain.inverse_std, "inverse std");
    expect_near(fused.running_mean, plain.running_mean, "running mean");
    expect_near(fused.running_var, plain.running_var, "running variance");
    expect_near(fused.y, plain.y, "y");

    plain.y = fused.y;  // the same units, also where rounding parts them at a kink
    const at::Tensor gradient = random_tensor({rows, width}, seed + 6, dtype);
    const at::Tensor other = gradient.clone();
    const at::Tensor gamma = at::empty_like(fused.gamma), beta = at::empty_like(fused.gamma);
    const at::Tensor gamma_plain = at::empty_like(gamma), beta_plain = at::empty_like(gamma);
    backward(fused, mask, gradient, gamma, beta);
    backward_by_operators(plain, mask, other, gamma_plain, beta_plain);
    expect_near(gradient, other, "gradient");
    expect_near(gamma, gamma_plain, "gamma's gradient");
    expect_near(beta, beta_plain, "beta's gradient");
  }
}

TEST(NormReluDropout, HidesNoNumberThatIsNone) {
  for (const double share : {0., .6}) {
    NormReluDropout pass;
    pass.z = random_tensor({40, 70}, 1, at::kFloat);
    pass.z[3][65] = std::numeric_limits<float>::quiet_NaN();
    pass.gamma = pass.beta = pass.bias = random_tensor({70}, 2, at::kFloat).abs();
    pass.mean = at::empty_like(pass.gamma);
    pass.inverse_std = at::empty_like(pass.gamma);
    const DropoutMask mask = dropout_mask({1, 2, 0}, 0, 40, share);
    const auto expect_seen = [&](const auto& run) {
      pass.y = at::empty_like(pass.z);
      run(pass, mask);
      EXPECT_TRUE(pass.y.select(1, 65).isnan().all().item<bool>()) << "its mean is none either";
      EXPECT_EQ(pass.y.isnan().sum().item<std::int64_t>(), 40) << "the other units do not mind";
    };
    expect_seen(forward);
    expect_seen(forward_by_operators);
  }
}

TEST(DropoutMask, IsTheSameByOperatorsAndByBits) {
  const DropoutMask mask = dropout_mask({5, 6, 1}, 2, 37, .6);
  const at::Tensor factors = factors_of(mask, 91, at::TensorOptions().dtype(at::kDouble));
  for (std::int64_t row = 0; row < 37; ++row) {
    for (std::int64_t column = 0; column < 91; ++column) {
      const bool kept = unit_bits(mask.row_keys[static_cast<std::size_t>(row)],
                                  static_cast<std::uint32_t>(column)) >= mask.threshold;
      ASSERT_DOUBLE_EQ(factors[row][column].item<double>(), kept ? mask.scale : 0);
    }
  }
}

TEST(DropoutMask, HasTheSameKeysWhereverTheyAreMade) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50; ++i) {
    DropoutKey key{random(), random(), random() % 2};
    const auto layer = static_cast<std::int64_t>(random() % 5);
    const DropoutMask mask = dropout_mask(key, layer, 33, .6);
    const auto expect_same = [&](const DropoutMask& other) {
      EXPECT_EQ(other.threshold, mask.threshold);
      EXPECT_EQ(other.scale, mask.scale);
      for (std::int64_t row = 0; row < 33; ++row) {
        ASSERT_EQ(other.device_row_keys[row].item<std::int64_t>(),
                  mask.row_keys[static_cast<std::size_t>(row)]);
      }
    };
    expect_same(dropout_mask_on(at::kCPU, key, layer, 33, .6));
    key.bits = at::full({}, static_cast<std::int64_t>(key.mixed()), at::kLong);
    key.seed = key.step = 0;
    EXPECT_EQ(dropout_mask(key, layer, 33, .6).row_keys, mask.row_keys);
    expect_same(dropout_mask_on(at::kCPU, key, layer, 33, .6));
  }
}

TEST(DropoutMask, KeepsItsShareOfEveryRowAndColumnAndLooksLikeNoise) {
  const at::Tensor kept =
      factors_of(dropout_mask({1, 2, 0}, 0, 2000, .6), 768, at::TensorOptions().dtype(at::kDouble))
          .gt(0)
          .to(at::kDouble);
  EXPECT_NEAR(kept.mean().item<double>(), .4, 5 * std::sqrt(.24 / (2000 * 768)));
  EXPECT_LT(kept.mean(0).sub(.4).abs().max().item<double>(), 5 * std::sqrt(.24 / 2000));
  EXPECT_LT(kept.mean(1).sub(.4).abs().max().item<double>(), 5 * std::sqrt(.24 / 768));
  // Neighbours, rows and layers have nothing to do with each other.
  const at::Tensor centred = kept.sub(.4);
  const at::Tensor other =
      factors_of(dropout_mask({1, 2, 0}, 1, 2000, .6), 768, at::TensorOptions().dtype(at::kDouble))
          .gt(0)
          .to(at::kDouble)
          .sub(.4);
  const double bound = 5 * .24 / std::sqrt(2000. * 767);
  const auto correlation = [](const at::Tensor& a, const at::Tensor& b) {
    return std::abs(a.mul(b).mean().item<double>());
  };
  EXPECT_LT(correlation(centred.narrow(1, 0, 767), centred.narrow(1, 1, 767)), bound);
  EXPECT_LT(correlation(centred.narrow(0, 0, 1999), centred.narrow(0, 1, 1999)), bound);
  EXPECT_LT(correlation(centred, other), bound);
}

}  // namespace
}  // namespace mien
