// Common corruptions of images, after Hendrycks and Dietterich, "Benchmarking Neural Network
// Robustness to Common Corruptions and Perturbations" (ICLR 2019, ImageNet-C): how far a result
// falls when images are worse than those of the training.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mien/data/image.h"

namespace mien {

/// Of an image with values in [0, 1] and side S; lengths in pixels are given for S = 224 and scale
/// with S. Levels are those of severities 1 to 5.
enum class CorruptionKind {
  kGaussianNoise,  ///< + N(0, c) a value; c .08 .12 .18 .26 .38
  kMotionBlur,  ///< one-sided Gaussian (radius, sigma) (10,3) (15,5) (15,8) (15,12) (20,15) along
                ///< a direction drawn from -45 to 45 degrees, edges repeated, as ImageMagick
  kBrightness,  ///< + .1 .2 .3 .4 .5 to V of HSV
  kContrast,    ///< (x - m) c + m, m the mean of the channel; c .4 .3 .2 .1 .05
  kJpeg,        ///< written and read with quality 25 18 15 10 7
  kOcclusion,   ///< ours: a square of 5 10 20 30 40 % of the area, of one drawn colour, anywhere
                ///< inside
  kLowResolution,  ///< "pixelate": shrunk to int(S c) and back by Pillow's box filter; c .6 .5 .4
                   ///< .3 .25
};

struct Corruption {
  CorruptionKind kind = CorruptionKind::kGaussianNoise;
  int severity = 1;  ///< 1 to 5

  bool operator==(const Corruption&) const = default;
};

/// "gaussian_noise:3" and back. Throws InputError (naming `what`) for an unknown kind, with the
/// near miss, and for a severity that is not 1 to 5.
Corruption corruption_from_text(std::string_view text, const std::string& what);
std::string corruption_text(const Corruption& corruption);
std::string corruption_kind_name(CorruptionKind kind);

/// What an image's draws are seeded with: the same for every order, shard and worker.
std::uint64_t corruption_seed(std::string_view video, std::int64_t frame);

/// `image` is a square, rounded to 8 bits afterwards. A function of its arguments only.
void corrupt(Image& image, const Corruption& corruption, std::uint64_t seed);

}  // namespace mien
