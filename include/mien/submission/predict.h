// A row a frame of every video of a bank.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/scoring/decided_run.h"
#include "mien/submission/prediction_writer.h"

namespace mien {

struct PredictSummary {
  std::int64_t rows = 0;
  std::int64_t videos = 0;
  std::int64_t frames_without_face = 0;                ///< rows whose frame has no embedding
  std::int64_t interpolated_rows = 0;                  ///< those of them whose video has some
  std::vector<std::string> videos_without_embeddings;  ///< their rows hold the training prior
};

/// The videos that any bank of the runs has, in byte order.
std::vector<std::string> videos_of(const DecidedRun& run);

/// Whether any of `videos` holds images that are no film: the table needs a column for their names.
bool any_images(const DecidedRun& run, const std::vector<std::string>& videos);

/// Writes the rows of `videos`, one after the other; memory holds one video. A video's rows are
/// frame 1 (0, if there is one) to the last that has an embedding or a recorded failure; in banks
/// encoded with `--every`, the sampled frames. A frame without an embedding has no face, a reason
/// and interpolated values; a video without any has the training prior. Of images that are no film
/// there is a row for each, by its own scores alone; one without an embedding has a reason and no
/// answers. Throws InputError when the prior is not known, for a frame number beyond 4,000,000, and
/// when banks of one folder hold different images.
PredictSummary predict(const DecidedRun& run, const std::vector<std::string>& videos,
                       const std::string& device, PredictionWriter& writer);

nlohmann::json to_json(const PredictSummary& summary);

}  // namespace mien
