#include "image_header.h"

#include <algorithm>
#include <array>

#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::array<std::uint8_t, 3> kJpegSignature = {0xFF, 0xD8, 0xFF};
constexpr std::array<std::uint8_t, kLongestSignature> kPngSignature = {0x89, 'P',  'N',  'G',
                                                                       '\r', '\n', 0x1A, '\n'};

/// Twice Pillow's MAX_IMAGE_PIXELS, where Pillow too refuses (against decompression bombs).
constexpr std::uint64_t kMostPixels = 178'956'970;

/// Whether the file starts with the signature, or ends inside it.
bool starts_like(FileBytes file, std::span<const std::uint8_t> signature) {
  const std::size_t compared = std::min(file.size(), signature.size());
  return std::equal(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(compared),
                    signature.begin());
}

}  // namespace

ImageFormat format_of(FileBytes start) {
  if (start.empty()) throw ImageError("empty file");
  const bool jpeg = starts_like(start, kJpegSignature);
  if (!jpeg && !starts_like(start, kPngSignature)) throw ImageError("not a JPEG or PNG image");
  if (start.size() < (jpeg ? kJpegSignature.size() : kPngSignature.size())) {
    throw ImageError("truncated");
  }
  return jpeg ? ImageFormat::kJpeg : ImageFormat::kPng;
}

ImageHeader check_image(FileBytes file) {
  return format_of(file) == ImageFormat::kJpeg ? check_jpeg(file) : check_png(file);
}

void require_decodable_size(std::uint32_t width, std::uint32_t height) {
  if (width == 0 || height == 0) throw ImageError("damaged: no pixels");
  if (std::uint64_t{width} * height > kMostPixels) {
    throw ImageError(concat(width, "x", height, " pixels, more than ",
                            with_thousands(static_cast<std::int64_t>(kMostPixels))));
  }
}

std::uint32_t read_u8(FileBytes file, std::size_t at) {
  if (at >= file.size()) throw ImageError("truncated");
  return file[at];
}

std::uint32_t read_u16(FileBytes file, std::size_t at) {
  const std::uint32_t high = read_u8(file, at);
  return high << 8 | read_u8(file, at + 1);
}

std::uint32_t read_u32(FileBytes file, std::size_t at) {
  const std::uint32_t high = read_u16(file, at);
  return high << 16 | read_u16(file, at + 2);
}

}  // namespace mien
