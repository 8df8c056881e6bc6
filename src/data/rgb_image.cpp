#include "rgb_image.h"

namespace mien {
namespace {

/// Blue and red change places; `to` may not be `from`.
void swap_ends(const std::uint8_t* from, std::uint8_t* to, int pixels) {
  for (int i = 0; i < pixels; ++i, from += 3, to += 3) {
    to[0] = from[2];
    to[1] = from[1];
    to[2] = from[0];
  }
}

}  // namespace

Image rgb_of(const cv::Mat& bgr) {
  Image image{bgr.cols, bgr.rows, {}};
  image.pixels.resize(bgr.total() * 3);
  const std::size_t stride = static_cast<std::size_t>(bgr.cols) * 3;
  for (int y = 0; y < bgr.rows; ++y) {
    swap_ends(bgr.ptr<std::uint8_t>(y), image.pixels.data() + static_cast<std::size_t>(y) * stride,
              bgr.cols);
  }
  return image;
}

cv::Mat bgr_of(const Image& image) {
  cv::Mat bgr(image.height, image.width, CV_8UC3);
  const std::size_t stride = static_cast<std::size_t>(image.width) * 3;
  for (int y = 0; y < bgr.rows; ++y) {
    swap_ends(image.pixels.data() + static_cast<std::size_t>(y) * stride, bgr.ptr<std::uint8_t>(y),
              bgr.cols);
  }
  return bgr;
}

}  // namespace mien
