#include "mien/evaluation/robustness.h"

namespace mien {
namespace {

/// Row by row the mean of equally many draws.
std::vector<double> mean_draws(const std::vector<TaskComparison>& rows) {
  std::vector<double> means(rows.front().difference_draws.size());
  for (const TaskComparison& row : rows) {
    for (std::size_t i = 0; i < means.size(); ++i) {
      means[i] += row.difference_draws[i] / static_cast<double>(rows.size());
    }
  }
  return means;
}

ComparedScore mean_of(const std::vector<TaskComparison>& rows) {
  ComparedScore mean{.name = "mean",
                     .first = rows.front().score.first,
                     .second = {},
                     .difference = {},
                     .probability_better = {}};
  for (const TaskComparison& row : rows) {
    mean.second.value += row.score.second.value / static_cast<double>(rows.size());
    mean.difference.value += row.score.difference.value / static_cast<double>(rows.size());
  }
  BootstrapSample sample{{mean.difference.value}, {mean_draws(rows)}};
  mean.difference = sample.estimate(0);
  mean.probability_better = sample.probability_positive(0);
  return mean;
}

}  // namespace

RobustnessTable robustness_of(const TaskDecisions& clean,
                              const std::vector<CorruptedDecisions>& corrupted,
                              const LabelSet& labels, const EvaluationOptions& options) {
  TaskDecisions common = clean;
  for (const CorruptedDecisions& row : corrupted) common = shared_with(common, row.decisions);
  std::vector<TaskComparison> comparisons;
  RobustnessTable table{.task = labels.task};
  for (const CorruptedDecisions& row : corrupted) {
    comparisons.push_back(compare_decisions(common, row.decisions, labels, options));
    table.rows.push_back({row.corruption, comparisons.back().score});
  }
  table.frames = comparisons.front().frames;
  table.videos = comparisons.front().videos;
  table.clean = comparisons.front().score.first;
  table.mean = mean_of(comparisons);
  return table;
}

}  // namespace mien
