// mien predict --video: crop, encode and predict in one pass.
#pragma once

#include <string>

#include "flags/encoder_flags.h"
#include "mien/faces/detector.h"
#include "mien/submission/predict.h"
#include "runs/lone_run.h"

namespace mien {

struct ClipRequest {
  LoneRun run;
  std::string video, encoder;
  EncoderFlags archive;
  std::string dtype = "auto", device = "cpu";
  DetectorChoice detector;
  std::int64_t every = 1, workers = 1;
  bool everyone = false;  ///< also others than the main person
  std::string overlay;    ///< .mp4; empty: none
};

/// Writes a row a frame to the file `out`, then draws the overlay: of the person whose face takes
/// the largest area over the video, named as the file without its suffix; with `everyone` then of
/// the others. A frame without that face has a reason and interpolated values. Memory holds some
/// frames, and a few hundred bytes a frame of the video. Throws InputError.
PredictSummary predict_clip(const ClipRequest& request, PredictionFormat format,
                            const std::string& out);

}  // namespace mien
