// The weights of Pillow's resampling, for whoever applies them elsewhere than on the CPU.
#pragma once

#include <cstdint>
#include <vector>

#include "mien/data/image.h"

namespace mien {

/// Fractional bits of a weight.
inline constexpr int kWeightBits = 22;

/// Weights of one direction. Output pixel i is the sum over j < counts[i] of
/// weights[i * taps + j] * input pixel (firsts[i] + j), plus a half, shifted right by kWeightBits
/// and clipped to a byte.
struct AxisWeights {
  int taps = 0;
  std::vector<int> firsts;            ///< [n]
  std::vector<int> counts;            ///< [n] <= taps
  std::vector<std::int32_t> weights;  ///< [n, taps]
};

/// resize_and_crop() as two passes: along x by `columns`, then along y by `rows`.
struct CropWeights {
  AxisWeights columns, rows;  ///< of `size` outputs each
};

CropWeights crop_weights(int width, int height, int size, ResizeFilter filter);

}  // namespace mien
