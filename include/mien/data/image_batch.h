// Crops on their way to the encoder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mien {

/// uint8 [count, 3, size, size] RGB, stored with the channels last: pixels [count, size, size, 3].
struct ImageBatch {
  std::int64_t count = 0;
  std::int64_t size = 0;
  std::vector<std::uint8_t> pixels;

  ImageBatch() = default;
  ImageBatch(std::int64_t images, std::int64_t side)
      : count(images), size(side), pixels(static_cast<std::size_t>(images * side * side * 3)) {}

  /// One image's pixels [size, size, 3].
  std::span<std::uint8_t> image(std::int64_t index) {
    const auto bytes = static_cast<std::size_t>(size * size * 3);
    return std::span(pixels).subspan(static_cast<std::size_t>(index) * bytes, bytes);
  }
};

}  // namespace mien
