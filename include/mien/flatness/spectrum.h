// Numbers of a symmetric matrix that is only known by its products with vectors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace mien {

/// [P] -> matrix times it, [P].
using MatrixProduct = std::function<at::Tensor(const at::Tensor&)>;

struct TopEigenvalue {
  double value = 0;           ///< the largest, algebraically
  double residual = 0;        ///< |A y - value y| of its unit vector y: the error is at most this
  std::int64_t products = 0;  ///< spent
};

/// Lanczos from `start` [P] (not zero), each new vector made orthogonal twice to all before it.
/// Ends after `most_products`, when the residual is below 1e-4 of the value, or when the space that
/// `start` spans is exhausted.
TopEigenvalue largest_eigenvalue(const MatrixProduct& product, const at::Tensor& start,
                                 std::int64_t most_products);

/// A mean of independent numbers, and the standard error of that mean (0 of a single one).
struct SampleMean {
  double mean = 0, standard_error = 0;
};
SampleMean mean_of(const std::vector<double>& values);

/// Hutchinson's estimate of the trace from `probes` vectors of +-1 (Rademacher) of length
/// `like.numel()`, drawn on the CPU from `seed`. Exact for a diagonal matrix.
SampleMean trace_estimate(const MatrixProduct& product, const at::Tensor& like, std::int64_t probes,
                          std::uint64_t seed);

}  // namespace mien
