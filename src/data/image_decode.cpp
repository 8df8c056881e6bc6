#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "image_header.h"
#include "mien/data/image.h"

namespace mien {
namespace {

/// Pixels [height, width, 3] in the order blue, green, red.
cv::Mat decode_bgr(FileBytes file) {
  const cv::Mat buffer(1, static_cast<int>(file.size()), CV_8U,
                       const_cast<std::uint8_t*>(file.data()));
  try {
    return cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception&) {
    return {};
  }
}

Image to_rgb(const cv::Mat& bgr) {
  Image image{bgr.cols, bgr.rows, {}};
  image.pixels.resize(bgr.total() * 3);
  std::uint8_t* rgb = image.pixels.data();
  for (int y = 0; y < bgr.rows; ++y) {
    const std::uint8_t* pixel = bgr.ptr<std::uint8_t>(y);
    for (int x = 0; x < bgr.cols; ++x, pixel += 3, rgb += 3) {
      rgb[0] = pixel[2];
      rgb[1] = pixel[1];
      rgb[2] = pixel[0];
    }
  }
  return image;
}

/// OpenCV divides ink times light by 256 and rounds down, which leaves values up to 2 too high, and
/// 2 only where the result is at most kHighest; one less there is within 1 of the exact value.
void correct_cmyk_rounding(Image& image) {
  constexpr std::uint8_t kHighest = 129;
  for (std::uint8_t& value : image.pixels) value -= value >= 1 && value <= kHighest ? 1 : 0;
}

}  // namespace

Image decode_image(std::span<const std::byte> file) {
  const FileBytes bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  const ImageHeader header = check_image(bytes);
  const cv::Mat bgr =
      header.format == ImageFormat::kPng ? decode_bgr(critical_chunks(bytes)) : decode_bgr(bytes);
  if (bgr.cols != header.width || bgr.rows != header.height || bgr.type() != CV_8UC3) {
    throw ImageError("damaged: cannot be decoded");
  }
  Image image = to_rgb(bgr);
  if (header.inks == 4) correct_cmyk_rounding(image);
  return image;
}

}  // namespace mien
