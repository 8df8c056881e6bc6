// mien predict --video: crop, encode and predict in one pass over each video.
#pragma once

#include <string>
#include <vector>

#include "clip/clip_inputs.h"
#include "clip/clip_summary.h"
#include "flags/encoder_flags.h"
#include "mien/faces/detector.h"
#include "mien/submission/prediction_writer.h"
#include "runs/lone_run.h"

namespace mien {

struct ClipRequest {
  LoneRun run;
  std::vector<ClipInput> inputs;  ///< one can be opened at least
  std::string encoder;
  EncoderFlags archive;
  std::string dtype = "auto", device = "cpu";
  DetectorChoice detector;
  std::int64_t every = 1, workers = 1;
  bool everyone = false;  ///< also others than the main person
};

/// Writes a row a frame to the file `out`, the videos in their order, and draws their overlays: of
/// the person whose face takes the largest area over the video, named as the file without its
/// suffix; with `everyone` then of the others. A frame without that face has a reason and
/// interpolated values. A video that cannot be used is reported, the others go on; when none can
/// be used, InputError and no file. A failed overlay is thrown once all rows are kept. A video's
/// rows are the same whatever the other videos are (but for the name of a further person that is
/// another video's). Memory holds some frames, and a few hundred bytes a frame of one video.
ClipsSummary predict_clips(const ClipRequest& request, PredictionFormat format,
                           const std::string& out);

}  // namespace mien
