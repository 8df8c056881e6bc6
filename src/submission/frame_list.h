// The frames, or images, that a video's rows are of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mien/bank/bank.h"

namespace mien {

struct FrameList {
  /// Ascending: all from the first to the last, or the sampled; of images that are no film those
  /// that are there.
  std::vector<std::int32_t> frames;
  std::map<std::int32_t, std::string> failures;  ///< recorded reasons
  std::vector<std::int32_t> embedded;            ///< ascending: those that some bank has
  bool film = true;
  std::map<std::int32_t, std::string> names;  ///< file names of images that are no film

  /// Why a frame without scores has none.
  std::string reason(std::int32_t frame) const;
};

/// Of one video in several banks. Throws InputError for a frame number beyond 4,000,000, and when
/// a number is one image in one bank and another image in another.
FrameList frame_list(const std::vector<Bank>& banks, const std::string& video);

}  // namespace mien
