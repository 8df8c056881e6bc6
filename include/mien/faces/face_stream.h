// The faces of a video, frame by frame, without files in between.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "mien/data/face_detector.h"
#include "mien/data/frame_source.h"

namespace mien {

struct TrackedFace {
  std::int64_t id = 0;  ///< the same person through the film, from 1; of photos by size in each
  Detection detection;
  Image crop;  ///< aligned, [size, size]
};

struct FaceFrame {
  Frame frame;                     ///< with its picture, to draw on
  std::vector<TrackedFace> faces;  ///< the largest first
};

struct FaceStreamOptions {
  int size = 112;            ///< side of the crops
  std::int64_t memory = 60;  ///< frames after which somebody who was away is somebody new
  std::int64_t workers = 1;  ///< threads that look for faces, each in a frame of its own
};

/// Calls `on_frame` for every frame of the source in its order, one at a time. Decoding, detection
/// and `on_frame` overlap; some `workers` frames are held at a time. What comes out does not depend
/// on `workers`. Stops early, without an error, once an interrupt is requested.
void stream_faces(FrameSource& source, const FaceDetector& detector,
                  const FaceStreamOptions& options,
                  const std::function<void(FaceFrame&)>& on_frame);

/// Whose boxes sum up to the largest area over the frames, the first of equals; 0 when nobody is
/// there. `areas`: the sums, by id.
std::int64_t main_person(const std::map<std::int64_t, double>& areas);

}  // namespace mien
