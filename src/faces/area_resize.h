// Shrinking (or stretching) by averages over areas.
#pragma once

#include <span>

#include "mien/data/image.h"

namespace mien {

/// Pixels [left, right) x [top, bottom) of an image.
struct Region {
  int left = 0, top = 0, right = 0, bottom = 0;

  int width() const { return right - left; }
  int height() const { return bottom - top; }
};

/// Output pixel i of n averages the inputs floor(i m / n) to ceil((i + 1) m / n) of m, in both
/// directions: PyTorch's interpolate(mode="area"). `planes` [3, height, width]: the averages mapped
/// to (v - 127.5) / 128.
void area_resize(const Image& image, const Region& region, int height, int width,
                 std::span<float> planes);

}  // namespace mien
