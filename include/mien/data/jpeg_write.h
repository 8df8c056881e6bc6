// Crops on their way to the disk.
#pragma once

#include <filesystem>

#include "mien/data/image.h"

namespace mien {

/// Writes the image as a JPEG of the quality (1 to 100), the same bytes for the same pixels. Throws
/// InputError when the disk refuses.
void write_jpeg(const Image& image, int quality, const std::filesystem::path& file);

}  // namespace mien
