// PNG files of one colour, written without a library: zlib's stored blocks.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace mien::testing {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

inline std::uint32_t crc32_of(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0);
  }
  return ~crc;
}

inline std::string png_chunk(const std::string& type, const std::string& content) {
  return big_endian(static_cast<std::uint32_t>(content.size())) + type + content +
         big_endian(crc32_of(type + content));
}

/// zlib with one stored block; at most 65,535 bytes.
inline std::string stored_zlib(const std::string& bytes) {
  const auto size = static_cast<std::uint16_t>(bytes.size());
  const auto inverse = static_cast<std::uint16_t>(~size);
  std::string out = "\x78\x01\x01";
  for (const std::uint16_t value : {size, inverse}) {
    out += static_cast<char>(value & 255);
    out += static_cast<char>(value >> 8);
  }
  std::uint32_t a = 1, b = 0;
  for (const char byte : bytes) {
    a = (a + static_cast<std::uint8_t>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  return out + bytes + big_endian(b << 16 | a);
}

using Colour = std::array<std::uint8_t, 3>;

/// 8-bit RGB, every pixel `colour`.
inline std::string png_of(const Colour& colour, std::uint32_t width = 6, std::uint32_t height = 5) {
  std::string rows;
  for (std::uint32_t y = 0; y < height; ++y) {
    rows += '\0';  // filter: none
    for (std::uint32_t x = 0; x < width; ++x) {
      for (const std::uint8_t value : colour) rows += static_cast<char>(value);
    }
  }
  const std::string header =
      big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("IDAT", stored_zlib(rows)) +
         png_chunk("IEND", "");
}

}  // namespace mien::testing
