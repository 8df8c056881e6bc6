#include "mien/flatness/spectrum.h"

#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "draws.h"
#include "mien/core/interrupt.h"

namespace mien {
namespace {

constexpr double kEnough = 1e-4;     ///< residual, as a share of the eigenvalue
constexpr double kExhausted = 1e-6;  ///< of the largest coefficient: nothing new in a product

double inner(const at::Tensor& a, const at::Tensor& b) {
  return at::dot(a, b).item<double>();
}

/// The largest eigenvalue of the tridiagonal matrix, and the last entry of its vector.
struct Ritz {
  double value = 0, last_entry = 0;
};

Ritz largest_ritz(const std::vector<double>& diagonal, const std::vector<double>& beside) {
  const auto size = static_cast<std::int64_t>(diagonal.size());
  const at::Tensor matrix = at::zeros({size, size}, at::TensorOptions().dtype(at::kDouble));
  auto entries = matrix.accessor<double, 2>();
  for (std::int64_t i = 0; i < size; ++i) {
    entries[i][i] = diagonal[static_cast<std::size_t>(i)];
    if (i + 1 < size) entries[i][i + 1] = entries[i + 1][i] = beside[static_cast<std::size_t>(i)];
  }
  const auto [values, vectors] = at::linalg_eigh(matrix);
  return {values[size - 1].item<double>(), vectors[size - 1][size - 1].item<double>()};
}

}  // namespace

TopEigenvalue largest_eigenvalue(const MatrixProduct& product, const at::Tensor& start,
                                 std::int64_t most_products) {
  const std::int64_t most = std::min(most_products, start.numel());
  const at::Tensor basis = at::empty({most, start.numel()}, start.options());
  basis[0].copy_(start.div(std::sqrt(inner(start, start))));
  std::vector<double> diagonal, beside;
  TopEigenvalue top;
  double scale = 0;
  while (top.products < most) {
    throw_if_interrupted("nothing was written yet");
    const at::Tensor known = basis.narrow(0, 0, top.products + 1);
    at::Tensor next = product(basis[top.products]);
    ++top.products;
    diagonal.push_back(inner(next, basis[top.products - 1]));
    for (int twice = 0; twice < 2; ++twice) next = next.sub(known.t().mv(known.mv(next)));
    const double rest = std::sqrt(inner(next, next));
    const Ritz ritz = largest_ritz(diagonal, beside);
    top.value = ritz.value;
    top.residual = rest * std::abs(ritz.last_entry);
    scale = std::max({scale, rest, std::abs(diagonal.back())});
    if (top.residual <= kEnough * std::abs(top.value) || rest <= kExhausted * scale) break;
    if (top.products < most) basis[top.products].copy_(next.div(rest));
    beside.push_back(rest);
  }
  return top;
}

SampleMean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  SampleMean result;
  for (const double value : values) result.mean += value / n;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - result.mean, 2);
  result.standard_error = std::sqrt(squares / (n - 1) / n);
  return result;
}

SampleMean trace_estimate(const MatrixProduct& product, const at::Tensor& like, std::int64_t probes,
                          std::uint64_t seed) {
  Draws draws(seed);
  std::vector<double> values;
  for (std::int64_t i = 0; i < probes; ++i) {
    throw_if_interrupted("nothing was written yet");
    const at::Tensor probe = draws.signs(like);
    values.push_back(inner(probe, product(probe)));
  }
  return mean_of(values);
}

}  // namespace mien
