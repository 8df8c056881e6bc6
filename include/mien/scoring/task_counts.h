// What is counted of a task's rows, whatever its kind, and the scores read off such counts. Counts
// of several videos add up, so a bootstrap never sees frames.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mien/data/labels.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/concordance.h"

namespace mien {

class TaskCounts {
 public:
  explicit TaskCounts(const Task& task);

  /// Rows of labels and decisions, label_columns each; what is not known is left out.
  void add(std::span<const double> truth, std::span<const double> decisions);
  /// Adds `times` copies of `other`, which is of the same task.
  void merge(const TaskCounts& other, std::int64_t times = 1);

  const Task& task() const { return task_; }
  const Confusion& confusion() const { return confusion_; }             ///< classes
  const OutputCounts& outputs() const { return outputs_; }              ///< binary
  const std::vector<Concordance>& moments() const { return moments_; }  ///< continuous

  /// Which outputs the mean is over. Of classes: all, absent ones included. Of the others: all
  /// where the policy drops rows that are not known as a whole (the challenge's rule), else those
  /// with a positive label (binary) or with any label (continuous).
  std::vector<bool> in_mean(PartlyKnown policy) const;

  /// F1 of each class or output, or CCC of each output.
  std::vector<double> scores() const;
  /// Their mean over the outputs that `chosen` names; 0 when it names none.
  double mean(const std::vector<bool>& chosen) const;

 private:
  void add_row(std::span<const double> truth, std::span<const double> decisions);

  Task task_;
  Confusion confusion_;
  OutputCounts outputs_;
  std::vector<Concordance> moments_;
};

}  // namespace mien
