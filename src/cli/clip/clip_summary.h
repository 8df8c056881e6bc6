// What mien predict --video says of its videos when it is done.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/submission/predict.h"

namespace mien {

struct ClipReport {
  std::string name, file;  ///< in the table; without its folder, for people
  bool has_rows = false;
  std::int64_t frames = 0;
  std::int64_t frames_with_face = 0;  ///< and embedding, of somebody whose rows there are
  std::int64_t people = 0;            ///< that were seen
  std::string problem;                ///< why there are no rows, or fewer, or some without a face
};

struct ClipsSummary {
  PredictSummary rows;
  std::vector<ClipReport> videos;  ///< in the order given
  double seconds = 0;              ///< without loading encoder and detector
  bool everyone = false;           ///< rows of all people, not of the main one
};

/// rows, videos (names in the table), frames_without_face, interpolated_rows,
/// videos_without_embeddings; `per_video`, `failed` (as of mien crop), seconds, frames_per_second.
nlohmann::json to_json(const ClipsSummary& summary);

/// For people: a line for all, a line a video; each ends with a line end.
std::string text_of(const ClipsSummary& summary);

/// One line that names the videos with a problem, some of them when they are many; empty: none.
std::string problems_of(const ClipsSummary& summary);

}  // namespace mien
