#include "formats/tiff_reader.h"

#include <array>

#include "image_header.h"

namespace mien {
namespace {

constexpr std::uint64_t kClassic = 42, kBig = 43;
constexpr std::uint64_t kMostValues = 1 << 24;

/// Bytes of a value of the type, numbered from 1 in the order of the specification; 0 for others.
std::size_t bytes_of_any(std::uint32_t type) {
  constexpr std::array<std::size_t, 19> kBytes = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                                  8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < kBytes.size() ? kBytes[type] : 0;
}

/// Bytes of a whole number of the type; 0 for other types.
std::size_t bytes_of(std::uint32_t type) {
  return type == 1 ? 1 : type == 3 ? 2 : type == 4 || type == 13 ? 4 : type == 16 ? 8 : 0;
}

}  // namespace

TiffReader::TiffReader(std::span<const std::uint8_t> file) : file_(file) {
  little_ = read_u8(file, 0) == 'I';
  const std::uint64_t version = number(2, 2);
  if (version != kClassic && version != kBig) throw ImageError("damaged TIFF header");
  big_ = version == kBig;
}

std::uint64_t TiffReader::number(std::size_t at, std::size_t bytes) const {
  if (at > file_.size() || bytes > file_.size() - at) throw ImageError("truncated");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value = value << 8 | file_[at + (little_ ? bytes - 1 - i : i)];
  }
  return value;
}

std::vector<TiffEntry> TiffReader::first_directory() const {
  const std::uint64_t count = number(directory(), count_bytes());
  if (count > file_.size() / entry_bytes()) throw ImageError("truncated");
  std::vector<TiffEntry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = directory() + count_bytes() + i * entry_bytes();
    TiffEntry entry{static_cast<std::uint32_t>(number(at, 2)),
                    static_cast<std::uint32_t>(number(at + 2, 2)), number(at + 4, offset_bytes()),
                    at + 4 + offset_bytes()};
    number(entry.at, offset_bytes());  // it is there
    entries.push_back(entry);
  }
  return entries;
}

void TiffReader::require_whole() const {
  for (const TiffEntry& entry : first_directory()) {
    const std::uint64_t bytes = entry.count * bytes_of_any(entry.type);
    if (entry.count > file_.size() || bytes <= offset_bytes()) continue;
    number(number(entry.at, offset_bytes()) + bytes - 1, 1);  // the last of them
  }
  const std::uint64_t count = number(directory(), count_bytes());
  number(directory() + count_bytes() + count * entry_bytes(), offset_bytes());
}

std::vector<std::uint64_t> TiffReader::values(const TiffEntry& entry) const {
  const std::size_t bytes = bytes_of(entry.type);
  if (bytes == 0 || entry.count == 0 || entry.count > kMostValues) {
    throw ImageError("damaged TIFF directory");
  }
  const bool inside = entry.count * bytes <= offset_bytes();
  const std::size_t first = inside ? entry.at : number(entry.at, offset_bytes());
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < entry.count; ++i) values.push_back(number(first + i * bytes, bytes));
  return values;
}

}  // namespace mien
