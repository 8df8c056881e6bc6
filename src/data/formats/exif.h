// How a photo lies, as its EXIF says.
#pragma once

#include "image_header.h"

namespace mien {

/// EXIF's orientation, 1 to 8, of a JPEG (APP1), a PNG (eXIf) or a WebP (EXIF); 1 where the file
/// says nothing that can be read. The file has been walked (check_image).
int exif_orientation(FileBytes file, ImageFormat format);

/// The image as somebody would look at it: turned and mirrored by `orientation`.
Image turned_upright(Image image, int orientation);

}  // namespace mien
