// Pillow's resampling of 8-bit images, restricted to the part of the result that is asked for.
#pragma once

#include <cstdint>

#include "mien/data/crop_weights.h"
#include "mien/data/image.h"

namespace mien {

/// The part [begin, begin + count) of a resized side of `size` pixels.
struct OutputSpan {
  std::int64_t size = 0;
  std::int64_t begin = 0;
  int count = 0;
};

/// A filter, and how far from its middle it is not 0, in pixels of the smaller image.
struct ResamplingKernel {
  double (*weight)(double x);
  double support;
};

ResamplingKernel kernel_of(ResizeFilter filter);
ResamplingKernel box_kernel();  ///< Pillow's BOX

AxisWeights axis_weights(int input_size, const OutputSpan& output, const ResamplingKernel& kernel);

/// What `image` resized to (columns.size, rows.size) shows in the given columns and rows. The rest
/// is never computed, so that a picture of 1x100000 costs no more than another.
Image resample(const Image& image, const OutputSpan& columns, const OutputSpan& rows,
               const ResamplingKernel& kernel);

}  // namespace mien
