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

/// Whether the names end in digits and still are no film's frames, which share one beginning
/// (00012.jpg, shot-7.png): less than half of them do (ann-1.jpg, bob-1.jpg, eve-1.jpg).
bool look_like_photos(const std::vector<std::string>& names);

/// Fills numbers, files, numbered_by_order and rejected of `video`, whose folder is set, from the
/// names of its images in byte order. When at least half of the names end in digits, these give the
/// numbers and a name without digits is rejected: an odd cover.jpg must not shift every frame
/// against its label. Otherwise all are numbered from 1 in the order given.
void number_frames(std::vector<std::string> images, VideoFrames& video);

/// Numbers all images from 1 in byte order of their names: they are no film.
void number_photos(std::vector<std::string> images, VideoFrames& video);

}  // namespace mien
