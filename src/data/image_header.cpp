#include "image_header.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "mien/core/text.h"

namespace mien {
namespace {

/// What files of a format begin with; '?' stands for any byte.
struct Signature {
  std::string_view start;
  std::optional<ImageFormat> format;  ///< none: known, but not read
  const char* name;
};

constexpr std::array kSignatures = {
    Signature{"\xFF\xD8\xFF", ImageFormat::kJpeg, "JPEG"},
    Signature{"\x89PNG\r\n\x1A\n", ImageFormat::kPng, "PNG"},
    Signature{"RIFF????WEBP", ImageFormat::kWebp, "WebP"},
    Signature{{"II*\0", 4}, ImageFormat::kTiff, "TIFF"},
    Signature{{"MM\0*", 4}, ImageFormat::kTiff, "TIFF"},
    Signature{{"II+\0", 4}, ImageFormat::kTiff, "TIFF"},
    Signature{{"MM\0+", 4}, ImageFormat::kTiff, "TIFF"},
    Signature{"????ftyphe", ImageFormat::kHeif, "HEIC"},
    Signature{"????ftypmif1", ImageFormat::kHeif, "HEIC"},
    Signature{"????ftypavif", ImageFormat::kHeif, "AVIF"},
    Signature{"????ftypavis", ImageFormat::kHeif, "AVIF"},
    Signature{"GIF8", std::nullopt, "GIF"},
    Signature{{"\0\0\0\x0CJXL \r\n\x87\n", 12}, std::nullopt, "JPEG XL"},
    Signature{{"\xFF\x0A", 2}, std::nullopt, "JPEG XL"},
    Signature{{"\0\0\0\x0CjP  \r\n\x87\n", 12}, std::nullopt, "JPEG 2000"},
    Signature{{"\xFFO\xFFQ", 4}, std::nullopt, "JPEG 2000"},
    Signature{"8BPS", std::nullopt, "Photoshop"},
    Signature{"BM", ImageFormat::kBmp, "BMP"}};

constexpr const char* kUnknown = "not a JPEG or PNG image, nor WebP, BMP, TIFF, HEIC or AVIF";

/// Twice Pillow's MAX_IMAGE_PIXELS, where Pillow too refuses (against decompression bombs).
constexpr std::uint64_t kMostPixels = 178'956'970;

/// Whether the file starts with the signature, or ends inside it.
bool starts_like(FileBytes file, std::string_view signature) {
  const std::size_t compared = std::min(file.size(), signature.size());
  bool alike = false;
  for (std::size_t i = 0; i < compared; ++i) {
    if (signature[i] == '?') continue;
    if (static_cast<std::uint8_t>(signature[i]) != file[i]) return false;
    alike = true;
  }
  return alike;
}

}  // namespace

ImageFormat format_of(FileBytes start) {
  if (start.empty()) throw ImageError("empty file");
  for (const Signature& signature : kSignatures) {
    if (!starts_like(start, signature.start)) continue;
    if (start.size() < signature.start.size()) throw ImageError("truncated");
    if (!signature.format)
      throw ImageError(concat("a ", signature.name, " image, which is not read"));
    return *signature.format;
  }
  throw ImageError(kUnknown);
}

ImageHeader check_image(FileBytes file) {
  const ImageFormat format = format_of(file);
  switch (format) {
    case ImageFormat::kJpeg:
      return check_jpeg(file);
    case ImageFormat::kPng:
      return check_png(file);
    case ImageFormat::kWebp:
      return check_webp(file);
    case ImageFormat::kBmp:
      return check_bmp(file);
    case ImageFormat::kTiff:
      return check_tiff(file);
    case ImageFormat::kHeif:
      break;
  }
  return {format, 0, 0, 0};
}

void require_decodable_size(std::uint32_t width, std::uint32_t height) {
  if (width == 0 || height == 0) throw ImageError("damaged: no pixels");
  if (std::uint64_t{width} * height > kMostPixels) {
    throw ImageError(concat(width, "x", height, " pixels, more than ",
                            with_thousands(static_cast<std::int64_t>(kMostPixels))));
  }
}

std::uint32_t little_u32(FileBytes file, std::size_t at) {
  const std::uint32_t big = read_u32(file, at);
  return big >> 24 | (big >> 8 & 0xFF00) | (big << 8 & 0xFF0000) | big << 24;
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
