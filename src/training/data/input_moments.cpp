#include "mien/training/input_moments.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "mien/training/dataset.h"

namespace mien {
namespace {

constexpr std::int64_t kRowsAtOnce = 2048, kColumnsAThread = 64;

/// Sum over the rows of `term(x, d)` for each dimension d, row after row: threads share the
/// dimensions, so that their number does not change the order.
template <class Term>
std::vector<double> column_sums(const Dataset& data, Term term) {
  std::vector<double> sums(static_cast<std::size_t>(data.dim()));
  for (std::int64_t begin = 0; begin < data.size(); begin += kRowsAtOnce) {
    const std::int64_t rows = std::min(kRowsAtOnce, data.size() - begin);
    const at::Tensor chunk =
        data.embeddings.narrow(0, begin, rows).to(at::kCPU, at::kFloat).contiguous();
    const float* values = chunk.const_data_ptr<float>();
    at::parallel_for(0, data.dim(), kColumnsAThread, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t d = from; d < to; ++d) {
          sums[static_cast<std::size_t>(d)] +=
              term(static_cast<double>(values[row * data.dim() + d]), static_cast<std::size_t>(d));
        }
      }
    });
  }
  return sums;
}

}  // namespace

InputMoments input_moments(const Dataset& data) {
  const auto rows = static_cast<double>(data.size());
  InputMoments moments;
  moments.mean = column_sums(data, [](double x, std::size_t) { return x; });
  for (double& mean : moments.mean) mean /= rows;
  moments.std = column_sums(data, [&moments](double x, std::size_t d) {
    return (x - moments.mean[d]) * (x - moments.mean[d]);
  });
  for (double& value : moments.std) {
    value = std::sqrt(value / rows);
    if (value == 0) value = 1;
  }
  return moments;
}

}  // namespace mien
