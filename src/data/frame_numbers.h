// Which frame of its video an image is, by its name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mien/data/image_roots.h"

namespace mien {

/// The largest number that a frame may have.
inline constexpr std::int64_t kLastFrame = 2147483647;

/// The digits that end the name before its last dot: `00012.jpg` -> 12, `a-7.png` -> 7. The
/// largest std::int64_t stands for everything above it. Nothing when there are no digits.
std::optional<std::int64_t> number_in_name(std::string_view file_name);

/// Fills numbers, files, numbered_by_order and rejected of `video`, whose folder is set, from the
/// names of its images in byte order. When at least half of the names end in digits, these give the
/// numbers and a name without digits is rejected: an odd cover.jpg must not shift every frame
/// against its label. Otherwise all are numbered from 1 in the order given.
void number_frames(std::vector<std::string> images, VideoFrames& video);

}  // namespace mien
