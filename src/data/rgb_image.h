// Pictures between OpenCV's order of colours and ours.
#pragma once

#include <opencv2/core/mat.hpp>

#include "mien/data/image.h"

namespace mien {

/// `bgr` 8-bit [height, width, 3].
Image rgb_of(const cv::Mat& bgr);
cv::Mat bgr_of(const Image& image);

}  // namespace mien
