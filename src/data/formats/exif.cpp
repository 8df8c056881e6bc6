#include "formats/exif.h"

#include <opencv2/core.hpp>
#include <string_view>

#include "formats/tiff_reader.h"

namespace mien {
namespace {

constexpr std::uint32_t kOrientationTag = 0x0112, kShort = 3;
constexpr std::string_view kExifMark("Exif\0\0", 6);
constexpr int kUprightAlready = 1;

std::string_view text_at(FileBytes file, std::size_t at, std::size_t size) {
  if (at > file.size() || size > file.size() - at) return {};
  return {reinterpret_cast<const char*>(file.data() + at), size};
}

/// The orientation in the first directory of a TIFF structure, which EXIF is.
int orientation_in(FileBytes exif) {
  if (text_at(exif, 0, kExifMark.size()) == kExifMark) exif = exif.subspan(kExifMark.size());
  const TiffReader tiff(exif);
  for (const TiffEntry& entry : tiff.first_directory()) {
    if (entry.tag != kOrientationTag || entry.type != kShort) continue;
    const std::uint64_t value = tiff.values(entry).at(0);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : kUprightAlready;
  }
  return kUprightAlready;
}

/// The EXIF in APP1, of the segments before the picture.
FileBytes exif_of_jpeg(FileBytes file) {
  constexpr std::uint32_t kApp1 = 0xE1, kStartOfScan = 0xDA;
  std::size_t at = 2;
  while (true) {
    while (read_u8(file, at) == 0xFF) ++at;
    const std::uint32_t marker = read_u8(file, at++);
    const std::size_t length = read_u16(file, at);
    if (marker == kStartOfScan || length < 2) return {};
    if (marker == kApp1 && text_at(file, at + 2, kExifMark.size()) == kExifMark) {
      return file.subspan(at + 2, length - 2);
    }
    at += length;
  }
}

FileBytes exif_of_png(FileBytes file) {
  for (std::size_t at = 8; text_at(file, at + 4, 4) != "IEND";) {
    const std::size_t length = read_u32(file, at);
    if (text_at(file, at + 4, 4) == "eXIf") return file.subspan(at + 8, length);
    at += length + 12;
  }
  return {};
}

FileBytes exif_of_webp(FileBytes file) {
  for (std::size_t at = 12; at + 8 <= file.size();) {
    const std::size_t length = little_u32(file, at + 4);
    if (text_at(file, at, 4) == "EXIF") return file.subspan(at + 8, length);
    at += 8 + length + length % 2;
  }
  return {};
}

}  // namespace

int exif_orientation(FileBytes file, ImageFormat format) {
  try {
    const FileBytes exif = format == ImageFormat::kJpeg   ? exif_of_jpeg(file)
                           : format == ImageFormat::kPng  ? exif_of_png(file)
                           : format == ImageFormat::kWebp ? exif_of_webp(file)
                                                          : FileBytes();
    return exif.empty() ? kUprightAlready : orientation_in(exif);
  } catch (const ImageError&) {  // what is damaged in it is no fault of the picture
    return kUprightAlready;
  }
}

Image turned_upright(Image image, int orientation) {
  if (orientation <= kUprightAlready || orientation > 8) return image;
  cv::Mat pixels(image.height, image.width, CV_8UC3, image.pixels.data());
  cv::Mat turned;
  if (orientation >= 5) {
    cv::transpose(pixels, turned);
  } else {
    turned = pixels.clone();
  }
  constexpr int kBoth = -1, kTopToBottom = 0, kLeftToRight = 1;
  switch (orientation) {
    case 2:
    case 6:
      cv::flip(turned, turned, kLeftToRight);
      break;
    case 3:
    case 7:
      cv::flip(turned, turned, kBoth);
      break;
    case 4:
    case 8:
      cv::flip(turned, turned, kTopToBottom);
      break;
    default:  // 5: the transposition is all
      break;
  }
  const auto bytes = static_cast<std::size_t>(turned.total()) * 3;
  return {turned.cols, turned.rows, {turned.data, turned.data + bytes}};
}

}  // namespace mien
