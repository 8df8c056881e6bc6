// Counts of what the bootstrap draws, and what is read off them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alignment.h"
#include "mien/evaluation/evaluate.h"
#include "mien/scoring/task_counts.h"

namespace mien {

/// The counts of the units that the bootstrap draws: the groups of the rows, or videos where the
/// labels name no groups.
class Units {
 public:
  explicit Units(const LabelSet& labels) : labels_(labels) {}

  /// Adds the rows that align() gave for `video`.
  void add(const VideoLabels& video, const AlignedVideo& rows);

  const std::vector<TaskCounts>& counts() const { return counts_; }
  bool are_groups() const { return are_groups_; }

 private:
  TaskCounts& unit(const std::string& name);

  const LabelSet& labels_;
  std::vector<TaskCounts> counts_;
  std::map<std::string, std::size_t> places_;
  bool are_groups_ = false;
};

/// The counts of the data in which unit u is there `multiplicities[u]` times; every unit once
/// without them. At least one unit.
TaskCounts pooled(const std::vector<TaskCounts>& units,
                  std::span<const std::int32_t> multiplicities = {});

/// The mean over the outputs of in_mean(), then every output's own score; NaN for the others, which
/// the data cannot tell.
std::vector<double> statistics_of(const TaskCounts& counts, PartlyKnown policy);

/// Parts, confusion and accuracy.
void describe(const TaskCounts& counts, const std::vector<bool>& chosen, TaskResult& result);

/// One video's own score (VideoScore).
double own_score(const Task& task, const AlignedVideo& rows);

/// The constant answer's score on the truth that was counted; none for continuous values. `prior`
/// as in EvaluationOptions.
std::optional<Baseline> majority_baseline(const TaskCounts& counts, const std::vector<bool>& chosen,
                                          const Prior& prior);

}  // namespace mien
