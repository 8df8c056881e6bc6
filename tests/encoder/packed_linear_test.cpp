#include "packed_linear.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <gtest/gtest.h>

#include <random>

namespace mien {
namespace {

class PackedLinearTest : public ::testing::TestWithParam<LinearKernel> {
 protected:
  void SetUp() override {
    if (GetParam() == LinearKernel::kOneDnn) {
      ASSERT_TRUE(has_onednn_linear(at::kFloat));
    }
    if (GetParam() == LinearKernel::kTiled) {
      ASSERT_TRUE(has_tiled_product());
    }
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
  for (int i = 0; i < 80; ++i) {
    // Every tenth is large enough for several blocks, tasks and slices of a kernel.
    std::uniform_int_distribution<std::int64_t> size(1, i % 10 == 9 ? 600 : 70);
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

/// The same bits for one thread and for several, for a row alone and among others.
TEST(TiledProductTest, DoesNotDependOnThreadsOrOtherRows) {
  at::Generator generator = at::detail::createCPUGenerator(3);
  const at::Tensor weight = at::randn({300, 700}, generator, at::kFloat);
  const at::Tensor x = at::randn({257, 700}, generator, at::kFloat);
  const PackedLinear linear(weight, {}, LinearKernel::kTiled, at::kFloat, at::kCPU, 257);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor expected = linear.apply_swish(x);
  at::set_num_threads(3);
  EXPECT_TRUE(linear.apply_swish(x).equal(expected));
  at::set_num_threads(threads);
}

TEST(TiledProductTest, SwishIsRightAtEverySize) {
  const at::Tensor one = at::ones({1, 1}, at::kFloat);
  const PackedLinear identity(one, {}, LinearKernel::kTiled, at::kFloat, at::kCPU, 1);
  const at::Tensor x = at::linspace(-200, 200, 4001, at::kFloat).view({-1, 1});
  const PackedLinear eight(at::ones({8, 1}, at::kFloat), {}, LinearKernel::kTiled, at::kFloat,
                           at::kCPU, 1);
  const at::Tensor expected = at::silu(x.to(at::kDouble));
  const at::Tensor bound = expected.abs() * 1e-6 + 1e-30;
  EXPECT_TRUE(((identity.apply_swish(x) - expected).abs() <= bound).all().item().toBool());
  for (std::int64_t column : {0, 7}) {  // by vectors
    const at::Tensor found = eight.apply_swish(x).narrow(1, column, 1);
    EXPECT_TRUE(((found - expected).abs() <= bound + 1e-35).all().item().toBool());
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

std::string kernel_name(const ::testing::TestParamInfo<LinearKernel>& kernel) {
  const char* names[] = {"Blas", "OneDnn", "Tiled"};
  return names[static_cast<std::size_t>(kernel.param)];
}

INSTANTIATE_TEST_SUITE_P(Kernels, PackedLinearTest,
                         ::testing::Values(LinearKernel::kBlas, LinearKernel::kOneDnn,
                                           LinearKernel::kTiled),
                         kernel_name);

}  // namespace
}  // namespace mien
