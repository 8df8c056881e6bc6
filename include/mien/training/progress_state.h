// Where a training stands: one saveable struct. What it holds, with what a Learner moves (weights,
// AdamW's state, the average, log variances of the tasks), is all that a resumed run needs; dropout
// and order follow from seed, step and epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

/// One task in an epoch. Numbers are none where there is no such thing, or an older checkpoint
/// lacks it.
struct EpochTask {
  Task task;
  std::optional<double> metric;      ///< validation, by metric_key()
  std::optional<double> ema_metric;  ///< the same of the averaged weights
  std::optional<double> cvar_level;  ///< mean over steps; none for continuous values
};

/// What is kept of an epoch.
struct EpochRecord {
  std::int64_t epoch = 0;  ///< 1-based
  double lr = 0;           ///< of the epoch's last step
  double train_loss = 0;   ///< mean over the epoch's samples of the batches' objective at w
  double validation_loss = 0;
  std::vector<EpochTask> tasks;  ///< those that are trained
  double seconds = 0;            ///< steps and gathering
  double samples_per_second = 0;
  double wall_time = 0;  ///< its end, in seconds since 1970; 0 where an older checkpoint has none

  // None where there is no such thing, or an older checkpoint lacks it.
  std::optional<double> gradient_norm;  ///< mean over steps of |g|2 at w
  std::optional<double> sharpness;      ///< mean over sharpness-aware steps, see step.h
  std::optional<double> ema_loss;       ///< validation of the averaged weights

  /// With the averaged weights' validation in place of the weights' own.
  EpochRecord of_average() const;
};

struct TrainingState {
  std::int64_t step = 0;  ///< steps done
  std::vector<EpochRecord> history;
  std::int64_t best_epoch = 0;
  double best_value = 0;         ///< of `select` at the best epoch
  bool best_is_average = false;  ///< of the averaged weights, which were better than their last
  std::string data_digest;       ///< Dataset::digest() of both sides

  std::int64_t epoch() const { return static_cast<std::int64_t>(history.size()); }
  double train_seconds() const;

  /// Adds an epoch; true when it is the best so far by `value` (the first of equals stays best),
  /// which is that of the averaged weights if `of_average`.
  bool add(const EpochRecord& record, double value, bool of_average = false);
};

/// One value of an epoch under its column's name in metrics.csv.
struct EpochValue {
  std::string name;
  std::optional<double> number;  ///< none for a task that is not trained
  int digits = -1;               ///< behind the point of the text; -1: as many as it has
};

/// The record's tasks and, where it has only tasks of the challenge, the challenge's others without
/// numbers: what files have columns for.
std::vector<EpochTask> reported_tasks(const EpochRecord& record);

/// The columns of metrics.csv behind samples_per_second, which checkpoints name in the same way.
std::vector<EpochValue> later_values(const EpochRecord& record);

/// The columns of metrics.csv behind `epoch`, in their order.
std::vector<EpochValue> values_of(const EpochRecord& record);

/// "  emotion F1 0.3512  units F1 0.4831": the trained tasks.
std::string task_metrics_text(const EpochRecord& record);

/// metrics.csv: a header, then a line an epoch; the column of a task that is not trained is empty.
std::string metrics_csv(const std::vector<EpochRecord>& history);

}  // namespace mien
