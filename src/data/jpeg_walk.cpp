// JPEG (ITU-T T.81, annex B): marker segments, and scans whose coded bytes hide markers only as
// FF 00 (a stuffed byte) and FF D0..D7 (restarts).
#include <cstring>

#include "image_header.h"

namespace mien {
namespace {

constexpr std::uint32_t kStartOfImage = 0xD8;
constexpr std::uint32_t kEndOfImage = 0xD9;
constexpr std::uint32_t kStartOfScan = 0xDA;

bool is_restart(std::uint32_t marker) {
  return marker >= 0xD0 && marker <= 0xD7;
}

/// Markers that no segment follows.
bool stands_alone(std::uint32_t marker) {
  return is_restart(marker) || marker == kStartOfImage || marker == 0x01;
}

/// SOF0..SOF15; C4, C8 and CC in their middle are tables and an extension.
bool is_frame_header(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// The first FF at or after `at`.
std::size_t find_ff(FileBytes file, std::size_t at) {
  if (at >= file.size()) throw ImageError("truncated");
  const void* found = std::memchr(file.data() + at, 0xFF, file.size() - at);
  if (found == nullptr) throw ImageError("truncated");
  return static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - file.data());
}

/// The marker whose FF is at `at`; moves behind it. Any number of FF may precede a marker.
std::uint32_t take_marker(FileBytes file, std::size_t& at) {
  std::uint32_t code = 0xFF;
  while (code == 0xFF) code = read_u8(file, ++at);
  ++at;
  return code;
}

/// Where the marker that ends the scan's coded bytes begins.
std::size_t end_of_scan(FileBytes file, std::size_t at) {
  for (;;) {
    at = find_ff(file, at);
    std::size_t behind = at;
    const std::uint32_t code = take_marker(file, behind);
    if (code != 0 && !is_restart(code)) return at;
    at = behind;
  }
}

}  // namespace

ImageHeader check_jpeg(FileBytes file) {
  ImageHeader header{ImageFormat::kJpeg, 0, 0, 0};
  bool scanned = false;
  for (std::size_t at = 2;;) {
    // Bytes that belong to nothing: a decoder skips them between scans, Pillow not before.
    if (read_u8(file, at) != 0xFF && !scanned) throw ImageError("damaged JPEG header");
    at = find_ff(file, at);
    const std::uint32_t marker = take_marker(file, at);
    if (marker == kEndOfImage) break;
    if (marker == 0 || stands_alone(marker)) continue;
    const std::size_t length = read_u16(file, at);
    if (length < 2) throw ImageError("damaged JPEG segment");
    if (is_frame_header(marker)) {
      const std::uint32_t height = read_u16(file, at + 3), width = read_u16(file, at + 5);
      require_decodable_size(width, height);
      header.width = static_cast<int>(width);
      header.height = static_cast<int>(height);
      header.inks = static_cast<int>(read_u8(file, at + 7));
    }
    at += length;
    if (marker == kStartOfScan) {
      scanned = true;
      at = end_of_scan(file, at);
    }
  }
  if (!scanned || header.width == 0) throw ImageError("damaged: a JPEG without a picture");
  return header;
}

}  // namespace mien
