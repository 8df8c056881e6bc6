// BMP: a header that says where the rows are; each is padded to four bytes.
#include <cstdlib>

#include "image_header.h"

namespace mien {

ImageHeader check_bmp(FileBytes file) {
  constexpr std::uint32_t kOldHeader = 12, kPlain = 0, kMasks = 3;
  const std::uint32_t first = little_u32(file, 10), header = little_u32(file, 14);
  const bool old = header == kOldHeader;
  const auto u16 = [&](std::size_t at) { return little_u32(file, at) & 0xFFFF; };
  const std::int64_t width = old ? u16(18) : static_cast<std::int32_t>(little_u32(file, 18));
  const std::int64_t height =  // negative: from the top to the bottom
      std::abs(std::int64_t{old ? static_cast<std::int32_t>(u16(20))
                                : static_cast<std::int32_t>(little_u32(file, 22))});
  if (width < 1) throw ImageError("damaged: no pixels");
  require_decodable_size(static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height));
  const std::int64_t bits = u16(old ? 24 : 28);
  const std::uint32_t compression = old ? kPlain : little_u32(file, 30);
  if (compression == kPlain || compression == kMasks) {
    const std::int64_t row = (width * bits + 31) / 32 * 4;
    if (std::int64_t{first} + row * height > std::ssize(file)) throw ImageError("truncated");
  } else if (std::size_t{first} + little_u32(file, 34) > file.size()) {
    throw ImageError("truncated");
  }
  return {ImageFormat::kBmp, static_cast<int>(width), static_cast<int>(height), 0};
}

}  // namespace mien
