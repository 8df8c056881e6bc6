#include <algorithm>
#include <cmath>

#include "resampling.h"

namespace mien {
namespace {

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double bilinear(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

std::int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

ResamplingKernel kernel_of(ResizeFilter filter) {
  return filter == ResizeFilter::kBicubic ? ResamplingKernel{bicubic, 2.0}
                                          : ResamplingKernel{bilinear, 1.0};
}

ResamplingKernel box_kernel() {
  return {box, 0.5};
}

AxisWeights axis_weights(int input_size, const OutputSpan& output, const ResamplingKernel& kernel) {
  const double scale = static_cast<double>(input_size) / static_cast<double>(output.size);
  const double filter_scale = std::max(scale, 1.0);
  const double support = kernel.support * filter_scale;
  const double inverse = 1.0 / filter_scale;

  AxisWeights axis;
  axis.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  const auto outputs = static_cast<std::size_t>(output.count);
  const auto taps = static_cast<std::size_t>(axis.taps);
  axis.firsts.resize(outputs);
  axis.counts.resize(outputs);
  axis.weights.resize(outputs * taps);
  std::vector<double> real(taps);
  for (std::size_t i = 0; i < outputs; ++i) {
    const double position = static_cast<double>(output.begin + static_cast<std::int64_t>(i));
    const double center = (position + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), input_size);
    double sum = 0;
    for (int x = first; x < end; ++x) {
      const double weight = kernel.weight((x - center + 0.5) * inverse);
      real[static_cast<std::size_t>(x - first)] = weight;
      sum += weight;
    }
    axis.firsts[i] = first;
    axis.counts[i] = end - first;
    for (std::size_t j = 0; j < static_cast<std::size_t>(end - first); ++j) {
      axis.weights[i * taps + j] = fixed_point(sum != 0 ? real[j] / sum : real[j]);
    }
  }
  return axis;
}

}  // namespace mien
