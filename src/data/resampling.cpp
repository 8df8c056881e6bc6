#include "resampling.h"

#include <algorithm>
#include <array>
#include <span>

namespace mien {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);
constexpr std::size_t kChannels = 3;

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

Image blank(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                      kChannels);
  return image;
}

std::size_t row_bytes(const Image& image) {
  return static_cast<std::size_t>(image.width) * kChannels;
}

void resample_row(const std::uint8_t* input, const AxisWeights& axis, std::uint8_t* output) {
  for (std::size_t i = 0; i < axis.firsts.size(); ++i) {
    const std::int32_t* weight = &axis.weights[i * static_cast<std::size_t>(axis.taps)];
    const std::uint8_t* pixel = input + static_cast<std::size_t>(axis.firsts[i]) * kChannels;
    std::int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int j = 0; j < axis.counts[i]; ++j, pixel += kChannels) {
      red += pixel[0] * weight[j];
      green += pixel[1] * weight[j];
      blue += pixel[2] * weight[j];
    }
    output[i * kChannels] = to_byte(red);
    output[i * kChannels + 1] = to_byte(green);
    output[i * kChannels + 2] = to_byte(blue);
  }
}

/// Rows [first_row, end_row) of `image`, resampled along x.
Image horizontal_pass(const Image& image, const AxisWeights& axis, int first_row, int end_row) {
  Image output = blank(static_cast<int>(axis.firsts.size()), end_row - first_row);
  for (int y = first_row; y < end_row; ++y) {
    resample_row(&image.pixels[static_cast<std::size_t>(y) * row_bytes(image)], axis,
                 &output.pixels[static_cast<std::size_t>(y - first_row) * row_bytes(output)]);
  }
  return output;
}

/// A weighted sum of rows over one block of bytes; a constant length lets the compiler vectorise.
template <std::size_t kLength>
void blend_block(const std::uint8_t* rows, std::size_t stride,
                 std::span<const std::int32_t> weights, std::uint8_t* output) {
  std::array<std::int32_t, kLength> sums;
  sums.fill(kHalf);
  for (const std::int32_t weight : weights) {
    for (std::size_t i = 0; i < kLength; ++i) sums[i] += rows[i] * weight;
    rows += stride;
  }
  for (std::size_t i = 0; i < kLength; ++i) output[i] = to_byte(sums[i]);
}

/// `image` resampled along y; its row 0 is the input's row `first_row`.
Image vertical_pass(const Image& image, const AxisWeights& axis, int first_row) {
  constexpr std::size_t kBlock = 32;
  Image output = blank(image.width, static_cast<int>(axis.firsts.size()));
  const std::size_t stride = row_bytes(image);
  for (std::size_t y = 0; y < axis.firsts.size(); ++y) {
    const std::uint8_t* rows =
        &image.pixels[static_cast<std::size_t>(axis.firsts[y] - first_row) * stride];
    const std::span weights(&axis.weights[y * static_cast<std::size_t>(axis.taps)],
                            static_cast<std::size_t>(axis.counts[y]));
    std::uint8_t* out = &output.pixels[y * stride];
    std::size_t x = 0;
    for (; x + kBlock <= stride; x += kBlock)
      blend_block<kBlock>(rows + x, stride, weights, out + x);
    for (; x < stride; ++x) blend_block<1>(rows + x, stride, weights, out + x);
  }
  return output;
}

Image cut(const Image& image, const OutputSpan& columns, const OutputSpan& rows) {
  Image output = blank(columns.count, rows.count);
  for (int y = 0; y < rows.count; ++y) {
    const std::uint8_t* from =
        &image.pixels[static_cast<std::size_t>(rows.begin + y) * row_bytes(image) +
                      static_cast<std::size_t>(columns.begin) * kChannels];
    std::copy_n(from, row_bytes(output),
                &output.pixels[static_cast<std::size_t>(y) * row_bytes(output)]);
  }
  return output;
}

}  // namespace

Image resample(const Image& image, const OutputSpan& columns, const OutputSpan& rows,
               const ResamplingKernel& kernel) {
  if (columns.size == image.width && rows.size == image.height) return cut(image, columns, rows);
  // An unchanged side has one weight of exactly 1 a pixel: its pass copies.
  const AxisWeights down = axis_weights(image.height, rows, kernel);
  const int first_row = down.firsts.front();
  const int end_row = down.firsts.back() + down.counts.back();
  const AxisWeights across = axis_weights(image.width, columns, kernel);
  return vertical_pass(horizontal_pass(image, across, first_row, end_row), down, first_row);
}

}  // namespace mien
