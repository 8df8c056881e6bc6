// A decoded frame as people see it: RGB, upright, with square pixels.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "mien/data/image.h"
#include "video/av.h"

namespace mien {

/// How a stored picture is shown: turned by quarters and mirrored.
struct Orientation2d {
  bool transpose = false;  ///< rows become columns, before the flips
  bool flip_horizontally = false, flip_vertically = false;

  bool operator==(const Orientation2d&) const = default;
};

/// Of a display matrix (AV_PKT_DATA_DISPLAYMATRIX, nine numbers of 16.16 fixed point). Angles
/// between quarters are rounded to the nearest.
Orientation2d orientation_of(const std::int32_t* matrix);

/// Converts frames of any size, pixel format and colour description; each may differ from the one
/// before.
class PictureMaker {
 public:
  /// `pixel_shape`: width of a pixel over its height, as the file says beside the frame's own.
  /// Throws ImageError when the frame cannot be converted.
  Image picture(const AVFrame& frame, const Orientation2d& orientation, AVRational pixel_shape);

  /// Whether a frame did not say by which matrix its colours are coded, so that its height decided.
  bool guessed_colours() const { return guessed_colours_; }

 private:
  /// What a scaler is made for.
  struct Key {
    int width = 0, height = 0, format = -1, shown_width = 0, colours = 0;
    bool full_range = false;

    bool operator==(const Key&) const = default;
  };

  Key key_of(const AVFrame& frame, AVRational pixel_shape);
  void make_scaler(const Key& key);

  Key key_;
  av::Owned<SwsContext> scaler_;
  bool guessed_colours_ = false;
};

}  // namespace mien
