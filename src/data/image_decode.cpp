#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "image_header.h"
#include "mien/data/image.h"
#include "rgb_image.h"

namespace mien {
namespace {

/// Pixels [height, width, 3] in the order blue, green, red.
cv::Mat decode_bgr(FileBytes file, Orientation orientation) {
  const cv::Mat buffer(1, static_cast<int>(file.size()), CV_8U,
                       const_cast<std::uint8_t*>(file.data()));
  try {
    return cv::imdecode(buffer, orientation == Orientation::kUpright
                                    ? cv::IMREAD_COLOR
                                    : cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception&) {
    return {};
  }
}

/// OpenCV divides ink times light by 256 and rounds down, which leaves values up to 2 too high, and
/// 2 only where the result is at most kHighest; one less there is within 1 of the exact value.
void correct_cmyk_rounding(Image& image) {
  constexpr std::uint8_t kHighest = 129;
  for (std::uint8_t& value : image.pixels) value -= value >= 1 && value <= kHighest ? 1 : 0;
}

/// Upright, width and height may have changed places.
bool has_size(const cv::Mat& picture, const ImageHeader& header, Orientation orientation) {
  if (picture.cols == header.width && picture.rows == header.height) return true;
  return orientation == Orientation::kUpright && picture.cols == header.height &&
         picture.rows == header.width;
}

}  // namespace

Image decode_image(std::span<const std::byte> file, Orientation orientation) {
  const FileBytes bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  const ImageHeader header = check_image(bytes);
  const cv::Mat bgr = header.format == ImageFormat::kPng
                          ? decode_bgr(critical_chunks(bytes), orientation)
                          : decode_bgr(bytes, orientation);
  if (!has_size(bgr, header, orientation) || bgr.type() != CV_8UC3) {
    throw ImageError("damaged: cannot be decoded");
  }
  Image image = rgb_of(bgr);
  if (header.inks == 4) correct_cmyk_rounding(image);
  return image;
}

}  // namespace mien
