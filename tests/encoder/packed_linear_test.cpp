#include "packed_linear.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <gtest/gtest.h>

#include <random>

namespace mien {
namespace {

class PackedLinearTest : public ::testing::TestWithParam<LinearKernel> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(GetParam() == LinearKernel::kBlas || has_onednn_linear(at::kFloat));
  }

  at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, generator_, at::kFloat); }

  /// Largest error of an element, in units of the largest element.
  static double error(const at::Tensor& found, const at::Tensor& expected) {
    return ((found - expected).abs().max() / expected.abs().max()).item().toDouble();
  }

  at::Generator generator_ = at::detail::createCPUGenerator(11);
  std::mt19937 shapes_{7};
};

/// Against at::linear in double, over random shapes, with and without bias.
TEST_P(PackedLinearTest, ComputesWhatTheLayerDoes) {
  std::uniform_int_distribution<std::int64_t> size(1, 70);
  for (int i = 0; i < 60; ++i) {
    const std::int64_t rows = size(shapes_), in = size(shapes_), out = size(shapes_);
    const at::Tensor x = random({rows, in}), weight = random({out, in});
    const at::Tensor bias = i % 3 == 0 ? at::Tensor() : random({out});
    const at::Tensor residual = random({rows, out});
    const PackedLinear linear(weight, bias, GetParam(), at::kFloat, at::kCPU, rows);
    const at::Tensor expected =
        at::linear(x.to(at::kDouble), weight.to(at::kDouble),
                   bias.defined() ? std::optional(bias.to(at::kDouble)) : std::nullopt);
    EXPECT_LT(error(linear.apply(x), expected), 3e-6) << rows << " " << in << " " << out;
    EXPECT_LT(error(linear.apply_swish(x), at::silu(expected)), 3e-6);
    EXPECT_LT(error(linear.apply_add(x, residual), expected + residual), 3e-6);
  }
}

TEST_P(PackedLinearTest, LeavesInputAndResidualAlone) {
  const at::Tensor x = random({5, 8}), residual = random({5, 4});
  const at::Tensor x_before = x.clone(), residual_before = residual.clone();
  const PackedLinear linear(random({4, 8}), random({4}), GetParam(), at::kFloat, at::kCPU, 5);
  linear.apply_swish(x);
  linear.apply_add(x, residual);
  EXPECT_TRUE(x.equal(x_before));
  EXPECT_TRUE(residual.equal(residual_before));
}

INSTANTIATE_TEST_SUITE_P(Kernels, PackedLinearTest,
                         ::testing::Values(LinearKernel::kBlas, LinearKernel::kOneDnn),
                         [](const auto& kernel) {
                           return kernel.param == LinearKernel::kBlas ? "Blas" : "OneDnn";
                         });

}  // namespace
}  // namespace mien
