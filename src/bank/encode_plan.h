// What is to be done for a bank, and what is there already.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "mien/bank/encode_videos.h"
#include "parted_video.h"
#include "pieces.h"

namespace mien {

/// For Interrupted.
inline constexpr const char* kKeptWork =
    "finished videos are kept; the same command goes on from there";

struct EncodePlan {
  std::vector<Piece> pieces;  ///< to be encoded, in the order of the videos
  std::vector<std::unique_ptr<PartedVideo>> parted;
  std::vector<PartedVideo*> complete;  ///< all parts are there: only to be merged
  std::vector<UnusableVideo> unusable;
  std::int64_t images = 0;
  std::int64_t skipped_images = 0;  ///< of them, those that are encoded already
  std::int64_t skipped_videos = 0;
};

/// Also removes the parts of videos that are done, and those that do not fit. `videos` and `recipe`
/// must outlive the plan. Throws InputError for a video that was made with another `--every`, or
/// whose file is damaged, and Interrupted.
EncodePlan plan_encoding(const std::vector<VideoFrames>& videos, const VideoRecipe& recipe,
                         const EncodeOptions& options);

}  // namespace mien
