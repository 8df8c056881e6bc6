#include "mien/flatness/spectrum.h"

#include <ATen/ops/diag.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cmath>

#include "head/small_heads.h"

namespace mien {
namespace {

using testing::random_tensor;

at::Tensor numbers(std::vector<double> values) {
  return at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kDouble)
      .clone();
}

MatrixProduct times(const at::Tensor& matrix) {
  return [matrix](const at::Tensor& v) { return matrix.mv(v); };
}

/// Q diag(values) Q^T with an orthogonal Q: a product of reflections of a seed.
at::Tensor symmetric(const std::vector<double>& values, std::uint32_t seed) {
  at::Tensor matrix = at::diag(numbers(values));
  for (std::uint32_t i = 0; i < 3; ++i) {
    const at::Tensor v = random_tensor({static_cast<std::int64_t>(values.size())}, seed + i);
    const at::Tensor u = v.div(v.norm());
    const at::Tensor left = matrix.sub(u.outer(u.matmul(matrix)), 2);
    matrix = left.sub(left.mv(u).outer(u), 2);
  }
  return matrix;
}

TEST(SpectrumTest, FindsTheLargestEigenvalueOfRandomSpectra) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    std::vector<double> values = testing::values_of(random_tensor({60}, seed).mul(3));
    const at::Tensor matrix = symmetric(values, 100 + seed);
    const auto top = largest_eigenvalue(times(matrix), random_tensor({60}, 200 + seed), 60);
    const double expected = *std::max_element(values.begin(), values.end());
    EXPECT_NEAR(top.value, expected, 1e-6 * std::abs(expected) + top.residual);
    EXPECT_LE(top.residual, 1.1e-4 * std::abs(top.value));
  }
}

TEST(SpectrumTest, TakesTheAlgebraicallyLargestNotTheOneFarthestFromZero) {
  const at::Tensor matrix = symmetric({-50, -3, -1, .5, 2}, 7);
  const auto top = largest_eigenvalue(times(matrix), random_tensor({5}, 8), 30);
  EXPECT_NEAR(top.value, 2, 1e-9);
  EXPECT_LE(top.products, 5);
}

TEST(SpectrumTest, ANegativeMatrixHasANegativeLargestEigenvalue) {
  const at::Tensor matrix = symmetric({-5, -4, -3}, 9);
  EXPECT_NEAR(largest_eigenvalue(times(matrix), random_tensor({3}, 1), 30).value, -3, 1e-9);
}

TEST(SpectrumTest, StopsWhenTheSpaceOfTheStartIsExhausted) {
  const at::Tensor identity = at::diag(numbers(std::vector<double>(40, 2.5)));
  const auto top = largest_eigenvalue(times(identity), random_tensor({40}, 3), 30);
  EXPECT_NEAR(top.value, 2.5, 1e-12);
  EXPECT_EQ(top.products, 1);
  const at::Tensor zero = identity.mul(0);
  EXPECT_EQ(largest_eigenvalue(times(zero), random_tensor({40}, 3), 30).value, 0);
}

TEST(SpectrumTest, SpendsNoMoreProductsThanItMay) {
  std::int64_t calls = 0;
  const at::Tensor matrix = symmetric(testing::values_of(random_tensor({200}, 4)), 5);
  const auto counted = [&](const at::Tensor& v) {
    ++calls;
    return matrix.mv(v);
  };
  const auto top = largest_eigenvalue(counted, random_tensor({200}, 6), 7);
  EXPECT_EQ(calls, 7);
  EXPECT_EQ(top.products, 7);
  EXPECT_GT(top.residual, 0);
}

TEST(SpectrumTest, TheTraceOfADiagonalMatrixIsExactFromAnyProbe) {
  const at::Tensor values = random_tensor({30}, 11);
  const auto trace = trace_estimate(times(at::diag(values)), values, 3, 1);
  EXPECT_NEAR(trace.mean, values.sum().item<double>(), 1e-12);
  EXPECT_NEAR(trace.standard_error, 0, 1e-12);
}

TEST(SpectrumTest, TheTraceLiesWithinFourStandardErrorsAndIsAFunctionOfTheSeed) {
  const at::Tensor matrix = symmetric(testing::values_of(random_tensor({50}, 12)), 13);
  const double expected = matrix.diagonal().sum().item<double>();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto trace = trace_estimate(times(matrix), matrix[0], 40, seed);
    EXPECT_GT(trace.standard_error, 0);
    EXPECT_NEAR(trace.mean, expected, 4.5 * trace.standard_error);
    EXPECT_EQ(trace.mean, trace_estimate(times(matrix), matrix[0], 40, seed).mean);
    EXPECT_NE(trace.mean, trace_estimate(times(matrix), matrix[0], 40, seed + 100).mean);
  }
}

TEST(SpectrumTest, AMeanHasTheStandardErrorOfItsSample) {
  const SampleMean mean = mean_of({1, 2, 3, 6});
  EXPECT_DOUBLE_EQ(mean.mean, 3);
  EXPECT_NEAR(mean.standard_error, std::sqrt(14. / 3 / 4), 1e-15);
  EXPECT_EQ(mean_of({4}).standard_error, 0);
}

}  // namespace
}  // namespace mien
