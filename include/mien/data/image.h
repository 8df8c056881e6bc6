// From an image file to the square of RGB bytes that an encoder takes, byte for byte what
// Pillow + torchvision's Resize and CenterCrop give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace mien {

/// One image cannot be used: truncated, not an image, unreadable. Recorded, never fatal.
class ImageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// 8-bit RGB, interleaved, row-major: pixels [height, width, 3].
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

enum class ResizeFilter { kBilinear, kBicubic };

/// Throws InputError (naming `what`) for anything but "bicubic" and "bilinear".
ResizeFilter resize_filter_from_name(const std::string& name, const std::string& what);
std::string resize_filter_name(ResizeFilter filter);

/// Crops are taken as they are stored, as Pillow does; photos are turned as EXIF says.
enum class Orientation { kAsStored, kUpright };

/// Decodes a JPEG or PNG to 8-bit RGB. EXIF orientation is ignored unless asked for, alpha dropped,
/// grey and palette expanded, 16 bits cut to the high byte. Throws ImageError with a short reason;
/// a truncated file is an error even where the decoder would fill in grey.
Image decode_image(std::span<const std::byte> file,
                   Orientation orientation = Orientation::kAsStored);

/// Pillow's resampling: antialiased, 22-bit fixed-point weights, horizontal then vertical pass,
/// each rounded and clipped to 8 bits. Source of the arithmetic: Pillow's Resample.c (described
/// in its documentation), kernel a = -0.5 for bicubic.
Image resize(const Image& image, int width, int height, ResizeFilter filter);

/// Short side to `size` (long side int(size * long / short)), then the centre square. Only the
/// square is computed.
Image resize_and_crop(const Image& image, int size, ResizeFilter filter);

/// Reads and decodes. Throws ImageError.
Image load_image(const std::filesystem::path& path,
                 Orientation orientation = Orientation::kAsStored);

/// A glance at the first bytes. Throws ImageError when the file cannot be read or is neither JPEG
/// nor PNG; whether it is whole shows when it is decoded.
void require_image(const std::filesystem::path& path);

/// Reads, decodes, resizes and crops. `crop` [size, size, 3]. Throws ImageError.
void load_crop(const std::filesystem::path& path, int size, ResizeFilter filter,
               std::span<std::uint8_t> crop);

}  // namespace mien
