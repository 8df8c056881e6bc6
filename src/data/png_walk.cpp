// PNG: a signature, then chunks of length, type, data and a CRC of type and data.
#include <array>
#include <string_view>

#include "image_header.h"

namespace mien {
namespace {

constexpr std::size_t kSignatureSize = 8;
constexpr std::size_t kChunkOverhead = 12;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1) != 0 ? 0xEDB88320U ^ (remainder >> 1) : remainder >> 1;
    }
    table[byte] = remainder;
  }
  return table;
}

std::uint32_t crc32(FileBytes bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t remainder = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    remainder = kTable[(remainder ^ byte) & 0xFF] ^ (remainder >> 8);
  }
  return ~remainder;
}

struct Chunk {
  std::string_view type;
  FileBytes whole;  ///< length, type, data and CRC
};

Chunk chunk_at(FileBytes file, std::size_t at) {
  const std::size_t length = read_u32(file, at);
  if (file.size() - at < kChunkOverhead || length > file.size() - at - kChunkOverhead) {
    throw ImageError("truncated");
  }
  const char* type = reinterpret_cast<const char*>(file.data() + at + 4);
  return {{type, 4}, file.subspan(at, length + kChunkOverhead)};
}

ImageHeader read_ihdr(FileBytes file) {
  if (read_u32(file, kSignatureSize) != 13 || read_u32(file, kSignatureSize + 4) != 0x49484452U) {
    throw ImageError("damaged PNG header");
  }
  const std::uint32_t width = read_u32(file, kSignatureSize + 8);
  const std::uint32_t height = read_u32(file, kSignatureSize + 12);
  require_decodable_size(width, height);
  return {ImageFormat::kPng, static_cast<int>(width), static_cast<int>(height), 0};
}

}  // namespace

ImageHeader check_png(FileBytes file) {
  const ImageHeader header = read_ihdr(file);
  bool has_pixels = false;
  for (std::size_t at = kSignatureSize;;) {
    const Chunk chunk = chunk_at(file, at);
    const FileBytes covered = chunk.whole.subspan(4, chunk.whole.size() - 8);
    if (crc32(covered) != read_u32(chunk.whole, chunk.whole.size() - 4)) {
      throw ImageError("damaged: wrong checksum");
    }
    if (chunk.type == "IEND") break;
    has_pixels = has_pixels || chunk.type == "IDAT";
    at += chunk.whole.size();
  }
  if (!has_pixels) throw ImageError("damaged: a PNG without a picture");
  return header;
}

std::vector<std::uint8_t> critical_chunks(FileBytes png) {
  std::vector<std::uint8_t> kept(png.begin(), png.begin() + kSignatureSize);
  kept.reserve(png.size());
  for (std::size_t at = kSignatureSize;;) {
    const Chunk chunk = chunk_at(png, at);
    const bool critical = (static_cast<unsigned char>(chunk.type[0]) & 0x20) == 0;
    if (critical) kept.insert(kept.end(), chunk.whole.begin(), chunk.whole.end());
    if (chunk.type == "IEND") return kept;
    at += chunk.whole.size();
  }
}

}  // namespace mien
