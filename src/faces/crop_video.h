// One input from its first frame to its last.
#pragma once

#include <functional>

#include "crop_folder.h"
#include "mien/faces/crop.h"

namespace mien {

/// Looks through the input and commits it to the folder; its counts. `on_frame` is told of every
/// frame. Throws ImageError when it cannot be opened, Interrupted when asked to stop.
CropSummary crop_video(const CropInput& input, const FaceDetector& detector,
                       const CropOptions& options, const CropFolder& folder,
                       const std::function<void()>& on_frame);

}  // namespace mien
