// Motion blur as ImageMagick defines it (MotionBlurImage), with repeated edges.
#pragma once

#include "mien/data/image.h"

namespace mien {

/// The mean of the pixels behind each one along `degrees`, weighted by exp(-i^2 / (2 sigma^2)) for
/// i from 0 to 2 ceil(radius); the i-th is ceil(i cos - .5) columns and ceil(i sin - .5) rows away.
void motion_blur(Image& image, double radius, double sigma, double degrees);

}  // namespace mien
