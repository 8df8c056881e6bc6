// Pillow's resampling of 8-bit images, restricted to the part of the result that is asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "mien/data/image.h"

namespace mien {

/// The part [begin, begin + count) of a resized side of `size` pixels.
struct OutputSpan {
  std::int64_t size = 0;
  std::int64_t begin = 0;
  int count = 0;
};

/// Fractional bits of a weight.
inline constexpr int kWeightBits = 22;

/// Weights of one direction. Output pixel i is the sum over j < counts[i] of
/// weights[i * taps + j] * input pixel (firsts[i] + j).
struct AxisWeights {
  int taps = 0;
  std::vector<int> firsts;            ///< [n]
  std::vector<int> counts;            ///< [n] <= taps
  std::vector<std::int32_t> weights;  ///< [n, taps]
};

AxisWeights axis_weights(int input_size, const OutputSpan& output, ResizeFilter filter);

/// What `image` resized to (columns.size, rows.size) shows in the given columns and rows. The rest
/// is never computed, so that a picture of 1x100000 costs no more than another.
Image resample(const Image& image, const OutputSpan& columns, const OutputSpan& rows,
               ResizeFilter filter);

}  // namespace mien
