// WebP: a RIFF file, chunks of type, length and data, padded to an even length.
#include <cstring>

#include "image_header.h"

namespace mien {
namespace {

constexpr std::size_t kFirstChunk = 12, kChunkHead = 8;

bool is_type(FileBytes file, std::size_t at, const char* type) {
  return std::memcmp(file.data() + at, type, 4) == 0;
}

std::uint32_t little_u24(FileBytes file, std::size_t at) {
  return read_u8(file, at) | read_u8(file, at + 1) << 8 | read_u8(file, at + 2) << 16;
}

/// Width and height of the chunk's picture; zeros when it holds none.
void read_size(FileBytes file, std::size_t chunk, std::uint32_t& width, std::uint32_t& height) {
  const std::size_t data = chunk + kChunkHead;
  if (is_type(file, chunk, "VP8X")) {
    if ((read_u8(file, data) & 0x02) != 0) throw ImageError("an animated WebP, which is not read");
    width = little_u24(file, data + 4) + 1;
    height = little_u24(file, data + 7) + 1;
  } else if (is_type(file, chunk, "VP8 ") && width == 0) {
    width = (read_u8(file, data + 6) | read_u8(file, data + 7) << 8) & 0x3FFF;
    height = (read_u8(file, data + 8) | read_u8(file, data + 9) << 8) & 0x3FFF;
  } else if (is_type(file, chunk, "VP8L") && width == 0) {
    const std::uint32_t bits = little_u32(file, data + 1);
    width = (bits & 0x3FFF) + 1;
    height = (bits >> 14 & 0x3FFF) + 1;
  }
}

}  // namespace

ImageHeader check_webp(FileBytes file) {
  const std::size_t end = std::size_t{little_u32(file, 4)} + kChunkHead;
  if (end > file.size()) throw ImageError("truncated");
  std::uint32_t width = 0, height = 0;
  bool has_picture = false;
  for (std::size_t at = kFirstChunk; at + kChunkHead <= end;) {
    const std::size_t length = little_u32(file, at + 4);
    if (length > end - at - kChunkHead) throw ImageError("truncated");
    read_size(file, at, width, height);
    has_picture = has_picture || is_type(file, at, "VP8 ") || is_type(file, at, "VP8L");
    at += kChunkHead + length + length % 2;
  }
  if (!has_picture) throw ImageError("damaged: a WebP without a picture");
  require_decodable_size(width, height);
  return {ImageFormat::kWebp, static_cast<int>(width), static_cast<int>(height), 0};
}

}  // namespace mien
