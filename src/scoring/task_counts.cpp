#include "mien/scoring/task_counts.h"

namespace mien {

TaskCounts::TaskCounts(const Task& task)
    : task_(task),
      confusion_(task.is_classes() ? score_columns(task) : 0),
      outputs_(task.is_binary() ? score_columns(task) : 0),
      moments_(task.is_continuous() ? score_columns(task) : 0) {}

void TaskCounts::add_row(std::span<const double> truth, std::span<const double> decisions) {
  switch (task_.kind()) {
    case TaskKind::kClasses:
      if (!is_known(truth[0])) return;
      confusion_.add(static_cast<std::size_t>(truth[0]), static_cast<std::size_t>(decisions[0]));
      return;
    case TaskKind::kBinary:
      outputs_.add_row(truth, decisions, PartlyKnown::kMaskValue);
      return;
    case TaskKind::kContinuous:
      for (std::size_t k = 0; k < truth.size(); ++k) {
        if (is_known(truth[k])) moments_[k].add(truth[k], decisions[k]);
      }
  }
}

void TaskCounts::add(std::span<const double> truth, std::span<const double> decisions) {
  const std::size_t columns = label_columns(task_);
  for (std::size_t at = 0; at + columns <= truth.size(); at += columns) {
    add_row(truth.subspan(at, columns), decisions.subspan(at, columns));
  }
}

void TaskCounts::merge(const TaskCounts& other, std::int64_t times) {
  if (task_.is_classes()) confusion_.merge(other.confusion_, times);
  if (task_.is_binary()) outputs_.merge(other.outputs_, times);
  for (std::size_t k = 0; k < moments_.size(); ++k) moments_[k].merge(other.moments_[k], times);
}

std::vector<bool> TaskCounts::in_mean(PartlyKnown policy) const {
  if (task_.is_binary()) return outputs_.in_mean(policy);
  std::vector<bool> chosen(score_columns(task_), true);
  if (policy == PartlyKnown::kDropRow) return chosen;
  for (std::size_t k = 0; k < moments_.size(); ++k) chosen[k] = moments_[k].count() > 0;
  return chosen;
}

std::vector<double> TaskCounts::scores() const {
  if (task_.is_binary()) return outputs_.f1s();
  std::vector<double> scores;
  for (std::size_t c = 0; c < confusion_.classes(); ++c) scores.push_back(confusion_.f1(c));
  for (const Concordance& moments : moments_) scores.push_back(moments.ccc());
  return scores;
}

double TaskCounts::mean(const std::vector<bool>& chosen) const {
  const std::vector<double> of_outputs = scores();
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t k = 0; k < of_outputs.size(); ++k) {
    if (!chosen[k]) continue;
    sum += of_outputs[k];
    ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace mien
