// Crops on their way to the encoder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mien {

/// uint8 [count, 3, height, width] RGB, stored with the channels last:
/// pixels [count, height, width, 3].
struct ImageBatch {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;

  ImageBatch() = default;
  ImageBatch(std::int64_t images, std::int64_t rows, std::int64_t columns)
      : count(images),
        height(rows),
        width(columns),
        pixels(static_cast<std::size_t>(images * rows * columns * 3)) {}
  ImageBatch(std::int64_t images, std::int64_t side) : ImageBatch(images, side, side) {}

  /// One image's pixels [height, width, 3].
  std::span<std::uint8_t> image(std::int64_t index) {
    const auto bytes = static_cast<std::size_t>(height * width * 3);
    return std::span(pixels).subspan(static_cast<std::size_t>(index) * bytes, bytes);
  }
};

}  // namespace mien
