// What mien predict --video is given: which files, and which of them can be opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mien/faces/crop.h"

namespace mien {

struct ClipFiles {
  std::vector<std::string> videos;  ///< files, and folders of them
  std::string overlay;              ///< .mp4, or a folder; empty: none
  std::string out;
  bool force = false;
};

/// One video, opened once to see whether that can be done.
struct ClipInput {
  CropInput video;
  std::filesystem::path overlay;  ///< .mp4 to write; empty: none
  std::string problem;            ///< why it cannot be opened
  std::int64_t expected = 0;      ///< frames, as far as is known
};

/// In the order given. The overlay of several videos, and of a folder of them, is a folder with
/// <video>.mp4 each, which need not be there yet. Throws InputError (naming --video, --out or
/// --overlay) as crop_inputs() does, for what would be overwritten, for an overlay that does not
/// suit the videos, and when nothing can be opened.
std::vector<ClipInput> clip_inputs(const ClipFiles& files, std::int64_t every);

}  // namespace mien
