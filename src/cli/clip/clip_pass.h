// A video's faces -> what a run says of everybody in it, in one pass without files.
#pragma once

#include <cstdint>
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
  double area = 0;  ///< of the boxes, summed over the frames
  std::vector<std::int32_t> frames;
  std::map<Task, std::vector<float>> logits;  ///< [frames, score_columns]
};

struct ClipFace {
  std::int64_t id = 0;
  Box box;
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
  std::map<std::int64_t, ClipPerson> people;  ///< by id, from 1 in the order of appearance

  /// Whose boxes sum up to the largest area, the first of equals; 0 when nobody is there.
  std::int64_t main_person() const;
};

/// Crops go through the encoder in batches of its preferred size, rounded to half precision as in
/// a bank. Throws Interrupted when asked to stop, InputError for an embedding that is not finite.
Clip look_through(FrameSource& source, const FaceDetector& detector,
                  const FaceStreamOptions& options, Encoder& encoder, const RowScorer& scorer);

}  // namespace mien
