#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "formats/cmyk_jpeg.h"
#include "formats/exif.h"
#include "formats/heif.h"
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

/// The file as the decoder should have it.
cv::Mat decoded(FileBytes file, ImageFormat format, Orientation orientation) {
  if (format == ImageFormat::kPng) return decode_bgr(critical_chunks(file), orientation);
  if (format == ImageFormat::kTiff) return decode_bgr(without_alpha(file), orientation);
  return decode_bgr(file, orientation);
}

/// Upright, width and height may have changed places; a TIFF's always are, as Pillow does it.
bool has_size(const cv::Mat& picture, const ImageHeader& header, Orientation orientation) {
  if (picture.cols == header.width && picture.rows == header.height) return true;
  const bool turns = orientation == Orientation::kUpright || header.format == ImageFormat::kTiff;
  return turns && picture.cols == header.height && picture.rows == header.width;
}

}  // namespace

Image decode_image(std::span<const std::byte> file, Orientation orientation) {
  const FileBytes bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  const ImageHeader header = check_image(bytes);
  if (header.format == ImageFormat::kHeif) return decode_heif(bytes, orientation);
  const bool by_hand = header.format != ImageFormat::kJpeg || header.inks == 4;
  const int turn =
      by_hand && orientation == Orientation::kUpright ? exif_orientation(bytes, header.format) : 1;
  if (header.inks == 4) return turned_upright(decode_cmyk_jpeg(bytes), turn);
  const cv::Mat bgr = decoded(bytes, header.format, orientation);
  if (!has_size(bgr, header, orientation) || bgr.type() != CV_8UC3) {
    throw ImageError("damaged: cannot be decoded");
  }
  return turned_upright(rgb_of(bgr), turn);
}

}  // namespace mien
