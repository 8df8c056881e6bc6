// The structure of TIFF files, which EXIF has, too.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mien {

struct TiffEntry {
  std::uint32_t tag = 0, type = 0;
  std::uint64_t count = 0;
  std::size_t at = 0;  ///< of its value, or of where its values are
};

/// Numbers of either byte order and either width of offsets (classic TIFF, BigTIFF).
class TiffReader {
 public:
  /// Throws ImageError for what does not begin as a TIFF.
  explicit TiffReader(std::span<const std::uint8_t> file);

  /// Throws ImageError("truncated") when it is not all there.
  std::vector<TiffEntry> first_directory() const;

  /// Throws ImageError("truncated") unless all that the directory points at is there, and the link
  /// to a next one, which EXIF may lack.
  void require_whole() const;

  /// The entry's whole numbers (BYTE, SHORT, LONG, LONG8); at least one. Throws ImageError.
  std::vector<std::uint64_t> values(const TiffEntry& entry) const;

 private:
  std::uint64_t number(std::size_t at, std::size_t bytes) const;
  std::size_t offset_bytes() const { return big_ ? 8 : 4; }
  std::size_t count_bytes() const { return big_ ? 8 : 2; }
  std::size_t entry_bytes() const { return big_ ? 20 : 12; }
  std::size_t directory() const { return number(big_ ? 8 : 4, offset_bytes()); }

  std::span<const std::uint8_t> file_;
  bool little_ = true, big_ = false;
};

}  // namespace mien
