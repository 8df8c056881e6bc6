// HEIC and AVIF, where the build found libheif.
#pragma once

#include "image_header.h"

namespace mien {

/// Whether decode_heif() can do anything.
bool has_heif();

/// The main picture, alpha dropped, deeper colours cut to 8 bits. The container's own rotation and
/// mirroring are followed; of an AVIF only when it is wanted upright, as Pillow does it. Throws
/// ImageError; without libheif always.
Image decode_heif(FileBytes file, Orientation orientation);

}  // namespace mien
