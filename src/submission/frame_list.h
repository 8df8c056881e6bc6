// The frames that a video's rows are of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mien/bank/bank.h"

namespace mien {

struct FrameList {
  std::vector<std::int32_t> frames;  ///< ascending: all from the first to the last, or the sampled
  std::map<std::int32_t, std::string> failures;  ///< recorded reasons
  std::vector<std::int32_t> embedded;            ///< ascending: those that some bank has

  /// Why a frame without scores has none.
  std::string reason(std::int32_t frame) const;
};

/// Of one video in several banks. Throws InputError for a frame number beyond 4,000,000.
FrameList frame_list(const std::vector<Bank>& banks, const std::string& video);

}  // namespace mien
