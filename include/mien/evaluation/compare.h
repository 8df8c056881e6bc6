// Is one of two sets of decisions better? Both are scored on the frames that both decide, and
// resampled together, so that what is hard for both cancels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mien/evaluation/evaluate.h"

namespace mien {

/// A score of both; the difference is second - first, its interval from the same draws.
struct ComparedScore {
  std::string name;  ///< of a class or output; empty for the task's mean
  Estimate first, second, difference;
  /// Share of the draws in which the second is better; ties count half. None without draws.
  std::optional<double> probability_better;
};

/// McNemar's test (1947) of who is right where they differ: classes over frames, binary outputs
/// over (frame, output) pairs. Exact binomial below 25 such cases, else chi-square with continuity
/// correction. Its cases are frames, which are far from independent: its p is too small, a footnote
/// only.
struct McNemar {
  std::int64_t first_only = 0, second_only = 0;  ///< right where the other is wrong
  double p = 1;                                  ///< two-sided
};

double mcnemar_p(std::int64_t first_only, std::int64_t second_only);

struct TaskComparison {
  Task task;
  ComparedScore score;
  std::vector<ComparedScore> parts;
  std::int64_t frames = 0, videos = 0;  ///< scored: labelled, decided by both
  std::int64_t frames_first_only = 0, frames_second_only = 0;  ///< labelled, decided by one
  std::optional<McNemar> mcnemar;                              ///< none for continuous values
  std::vector<double> difference_draws;                        ///< of score
};

/// Decisions in the order of their videos' names, frames ascending. `options.all_frames` is not
/// used. Throws InputError when the tasks differ and when no labelled frame is decided by both.
TaskComparison compare_decisions(const TaskDecisions& first, const TaskDecisions& second,
                                 const LabelSet& labels, const EvaluationOptions& options);

/// Videos and frames that are in both sets, with the labels they share. Throws InputError that
/// names both and the frame where the labels differ, and when no video is in both.
LabelSet common_labels(const LabelSet& first, const LabelSet& second, const std::string& first_name,
                       const std::string& second_name);

}  // namespace mien
