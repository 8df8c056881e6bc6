#include "mien/data/frame_base.h"

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {

void require_same_base(const std::string& what, const std::string& value,
                       std::span<const std::int32_t> frames,
                       std::span<const std::int32_t> label_frames) {
  if (frames.empty() || frames.front() != 0) return;
  if (label_frames.empty() || label_frames.front() != 1) return;  // sparse ones say nothing
  throw InputError(what, value,
                   concat("starts at frame 0, its labels at frame ", label_frames.front(),
                          ": every label would be one frame off; expected frames from 1 (mien "
                          "encode and import_features.py count 0 as 1 with --first-frame 0)"));
}

}  // namespace mien
