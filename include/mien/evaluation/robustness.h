// How far a run falls on corrupted images: the same decisions, the same frames, other pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mien/evaluation/compare.h"

namespace mien {

/// A run's decisions on the images of one corrupted bank.
struct CorruptedDecisions {
  std::string corruption;  ///< "jpeg:3"
  TaskDecisions decisions;
};

struct RobustnessRow {
  std::string corruption;
  ComparedScore score;  ///< first: clean; the difference is corrupted - clean
};

/// All rows are of the labelled frames that every bank has, from the same draws over their videos.
struct RobustnessTable {
  Task task;
  std::int64_t frames = 0, videos = 0;
  Estimate clean;
  std::vector<RobustnessRow> rows;  ///< in the order given
  ComparedScore mean;               ///< over the rows; `second` has no interval of its own
};

/// `corrupted` holds one entry or more. Throws InputError when no labelled frame is in all.
RobustnessTable robustness_of(const TaskDecisions& clean,
                              const std::vector<CorruptedDecisions>& corrupted,
                              const LabelSet& labels, const EvaluationOptions& options);

}  // namespace mien
