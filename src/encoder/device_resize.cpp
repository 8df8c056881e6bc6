#include "device_resize.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include "mien/data/crop_weights.h"

namespace mien {
namespace {

/// fp64 [outputs, inputs].
at::Tensor dense(const AxisWeights& axis, std::int64_t inputs) {
  const auto outputs = static_cast<std::int64_t>(axis.firsts.size());
  at::Tensor matrix = at::zeros({outputs, inputs}, at::kDouble);
  double* row = matrix.data_ptr<double>();
  for (std::size_t i = 0; i < axis.firsts.size(); ++i, row += inputs) {
    for (int j = 0; j < axis.counts[i]; ++j) {
      row[axis.firsts[i] + j] =
          axis.weights[i * static_cast<std::size_t>(axis.taps) + static_cast<std::size_t>(j)];
    }
  }
  return matrix;
}

/// Rounds as a shift of the sum plus a half does, and clips to a byte.
at::Tensor to_levels(at::Tensor sums) {
  constexpr double kOne = 1 << kWeightBits;
  return sums.add_(kOne / 2).div_(kOne).floor_().clamp_(0, 255);
}

}  // namespace

DeviceResize::DeviceResize(int width, int height, int size, ResizeFilter filter,
                           const at::Device& device)
    : width_(width), height_(height), size_(size) {
  const CropWeights weights = crop_weights(width, height, size, filter);
  columns_ = dense(weights.columns, width).t().contiguous().to(device);
  rows_ = dense(weights.rows, height).to(device);
}

at::Tensor DeviceResize::crops(const at::Tensor& pixels) const {
  const std::int64_t batch = pixels.size(0);
  const at::Tensor planes = pixels.permute({0, 1, 3, 2}).to(at::kDouble);  // [B, height, 3, width]
  const at::Tensor across = to_levels(at::matmul(planes, columns_));       // [B, height, 3, size]
  const at::Tensor down = to_levels(at::matmul(rows_, across.view({batch, height_, 3 * size_})));
  return down.view({batch, size_, 3, size_}).permute({0, 1, 3, 2}).to(at::kByte).contiguous();
}

}  // namespace mien
