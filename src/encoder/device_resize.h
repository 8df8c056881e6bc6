// resize_and_crop() by tensor operators, on the device where the pixels are.
#pragma once

#include <ATen/core/Tensor.h>

#include "mien/data/image.h"

namespace mien {

/// For images of one size. Fixed-point sums of at most 31 bits are exact in double precision, so
/// the bytes are those of the CPU's integer arithmetic.
class DeviceResize {
 public:
  DeviceResize(int width, int height, int size, ResizeFilter filter, const at::Device& device);

  /// uint8 [B, height, width, 3] -> uint8 [B, size, size, 3].
  at::Tensor crops(const at::Tensor& pixels) const;

  int width() const { return width_; }
  int height() const { return height_; }

 private:
  int width_, height_;
  std::int64_t size_;
  at::Tensor columns_;  ///< fp64 [width, size]
  at::Tensor rows_;     ///< fp64 [size, height]
};

}  // namespace mien
