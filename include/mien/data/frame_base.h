// Frame numbers count from 1, as labels do; public code that counts from 0 shifts every label.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mien {

/// Throws InputError "<what> = <value>: ..." for frames of a video that have a 0 where its labels
/// do not: every label would be one frame off. Both ascending; either may be empty.
void require_same_base(const std::string& what, const std::string& value,
                       std::span<const std::int32_t> frames,
                       std::span<const std::int32_t> label_frames);

}  // namespace mien
