// A video's faces -> what a run says of everybody in it, in one pass without files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/frame_source.h"
#include "mien/encoder/encoder.h"
#include "mien/faces/face_stream.h"
#include "mien/scoring/row_scorer.h"

namespace mien {

/// One person's logits in the frames where the face was found.
struct ClipPerson {
  std::vector<std::int32_t> frames;
  std::map<Task, std::vector<float>> logits;  ///< [frames, score_columns]
};

struct ClipFace {
  std::int64_t id = 0;
  Box box;
  std::string problem = {};  ///< why it has no logits, in the words of mien encode
};

struct ClipFrame {
  std::int32_t number = 0;
  std::optional<double> seconds;
  std::string problem;          ///< why there is no picture
  std::vector<ClipFace> faces;  ///< the largest first
};

/// What is kept of a video: some hundred bytes a frame, no pictures.
struct Clip {
  int width = 0, height = 0;
  std::vector<ClipFrame> frames;
  std::map<std::int64_t, ClipPerson> people;  ///< with logits, by id
  /// Of the boxes, summed over the frames, of everybody by id, from 1 in the order of appearance.
  std::map<std::int64_t, double> areas;
};

/// What looks at a video; all outlive the call.
struct ClipPass {
  const FaceDetector& detector;
  FaceStreamOptions stream;
  Encoder& encoder;
  const RowScorer& scorer;
};

/// Crops go through the encoder in batches of its preferred size, rounded to half precision as in
/// a bank, and never hold two videos. `on_frame` is told of every frame. Width and height are 0
/// when no frame could be decoded. A face whose embedding is not finite has no logits but a
/// problem. Throws Interrupted when asked to stop.
Clip look_through(FrameSource& source, const ClipPass& pass, const std::function<void()>& on_frame);

}  // namespace mien
