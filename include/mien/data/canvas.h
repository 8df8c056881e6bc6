// Drawing on pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "mien/data/face_detector.h"
#include "mien/data/image.h"

namespace mien {

using Colour = std::array<std::uint8_t, 3>;  ///< RGB

/// Draws into the picture; what lies outside is cut off. Pixels, (0, 0) the centre of the top left.
class Canvas {
 public:
  explicit Canvas(Image& image) : image_(image) {}

  void outline(const Box& box, const Colour& colour, int thickness);
  void fill(const Box& box, const Colour& colour);
  /// Towards black: `share` 0 leaves all, 1 nothing.
  void darken(const Box& box, double share);
  /// ASCII in capitals of `height` pixels, its lower left corner at `at`.
  void text(const std::string& text, const Point& at, double height, const Colour& colour);

 private:
  Image& image_;
};

}  // namespace mien
