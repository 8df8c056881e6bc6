// JPEGs of four inks, which OpenCV multiplies too coarsely.
#pragma once

#include "image_header.h"

namespace mien {

/// A whole JPEG of CMYK or YCCK, as Pillow converts it: the values are taken as Adobe writes them
/// (255 is no ink). Throws ImageError.
Image decode_cmyk_jpeg(FileBytes file);

}  // namespace mien
