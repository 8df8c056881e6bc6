// TIFF: a directory of entries; the picture lies in strips or tiles that two of them point at.
#include <map>

#include "formats/tiff_reader.h"
#include "image_header.h"

namespace mien {
namespace {

enum Tag : std::uint32_t {
  kWidth = 256,
  kHeight = 257,
  kStripOffsets = 273,
  kStripBytes = 279,
  kTileOffsets = 324,
  kTileBytes = 325,
  kExtraSamples = 338,
  kSampleFormat = 339
};

constexpr std::uint64_t kAlpha = 2, kFloating = 3;  ///< of kExtraSamples and of kSampleFormat

using Entries = std::map<std::uint32_t, TiffEntry>;

std::vector<std::uint64_t> values_of(const TiffReader& tiff, const Entries& entries,
                                     std::uint32_t tag) {
  const auto found = entries.find(tag);
  return found == entries.end() ? std::vector<std::uint64_t>() : tiff.values(found->second);
}

/// The decoder takes missing strips for black ones.
void require_pieces(FileBytes file, const std::vector<std::uint64_t>& offsets,
                    const std::vector<std::uint64_t>& bytes) {
  if (offsets.empty()) throw ImageError("damaged: a TIFF without a picture");
  if (bytes.empty()) return;  // old writers of one strip leave it out
  if (bytes.size() != offsets.size()) throw ImageError("damaged TIFF directory");
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] > file.size() || bytes[i] > file.size() - offsets[i]) {
      throw ImageError("truncated");
    }
  }
}

Entries entries_of(const TiffReader& tiff) {
  Entries entries;
  for (const TiffEntry& entry : tiff.first_directory()) entries.emplace(entry.tag, entry);
  return entries;
}

}  // namespace

ImageHeader check_tiff(FileBytes file) {
  const TiffReader tiff(file);
  const Entries entries = entries_of(tiff);
  tiff.require_whole();
  const auto width = values_of(tiff, entries, kWidth), height = values_of(tiff, entries, kHeight);
  if (width.empty() || height.empty()) throw ImageError("damaged: a TIFF without a picture");
  require_decodable_size(static_cast<std::uint32_t>(width[0]),
                         static_cast<std::uint32_t>(height[0]));
  const auto format = values_of(tiff, entries, kSampleFormat);
  if (!format.empty() && format[0] == kFloating) {
    throw ImageError("a TIFF of floating-point numbers, which is not read");
  }
  const bool tiled = entries.contains(kTileOffsets);
  require_pieces(file, values_of(tiff, entries, tiled ? kTileOffsets : kStripOffsets),
                 values_of(tiff, entries, tiled ? kTileBytes : kStripBytes));
  return {ImageFormat::kTiff, static_cast<int>(width[0]), static_cast<int>(height[0]), 0};
}

std::vector<std::uint8_t> without_alpha(FileBytes tiff) {
  std::vector<std::uint8_t> file(tiff.begin(), tiff.end());
  const TiffReader reader(tiff);
  const Entries entries = entries_of(reader);
  const auto extra = entries.find(kExtraSamples);
  if (extra == entries.end() || reader.values(extra->second) != std::vector{kAlpha}) return file;
  const bool little = file[0] == 'I';
  file[extra->second.at + (little ? 0 : 1)] = 0;
  return file;
}

}  // namespace mien
