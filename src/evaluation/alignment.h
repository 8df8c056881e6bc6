// Labels and decisions of one video, side by side.
#pragma once

#include <cstdint>
#include <vector>

#include "mien/evaluation/evaluate.h"

namespace mien {

/// Rows to score, [n, label_columns] each, in the order of the frames.
struct AlignedVideo {
  std::vector<double> truth, prediction;
  std::vector<std::size_t> positions;  ///< [n] of the rows in the video's labels
  std::int64_t frames = 0;             ///< n
  std::int64_t missing = 0;            ///< valid labels without a decision
  std::int64_t filled = 0;             ///< of those, in the rows
  std::int64_t ignored = 0;            ///< decisions without a valid label
};

/// What unknown values do: as the options say, else as the labels' source has it.
PartlyKnown policy_of(const EvaluationOptions& options, const LabelSet& labels);

/// The decisions of a video; null when there are none. `videos` are in byte order of their names.
const VideoLabels* find_video(const std::vector<VideoLabels>& videos, const std::string& name);

/// `prior_row`: label_columns values for a video without any decision. Throws InputError when the
/// decisions count frames from 0 and the labels do not.
AlignedVideo align(const LabelSet& labels, const VideoLabels& video, const TaskDecisions& decisions,
                   const EvaluationOptions& options, std::span<const double> prior_row);

}  // namespace mien
