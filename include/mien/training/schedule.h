// Learning rates, in closed form.
#pragma once

#include <cstdint>

#include "mien/training/options.h"

namespace mien {

class Schedule {
 public:
  Schedule(ScheduleOptions options, double lr, std::int64_t epochs, std::int64_t steps_per_epoch);

  /// The learning rate of step `step` (0-based over the whole training).
  /// cosine, with S steps and W = min(warmup_epochs, epochs) * steps_per_epoch:
  ///   lr (s + 1) / W while s < W, then
  ///   min + (lr - min) (1 + cos(pi (s - W) / max(1, S - W))) / 2.
  /// constant: the same rise, then lr.
  /// reference: by epoch e, min + (lr - min) (1 + cos(pi e / T)) / 2 with T = epochs / 4 (the
  /// published trainer's CosineAnnealingLR); no rise.
  double at(std::int64_t step) const;

 private:
  ScheduleOptions options_;
  double lr_;
  std::int64_t epochs_, steps_per_epoch_;
};

/// CVaR's level over the training: with A = alpha_epochs * steps_per_epoch, at step s
///     alpha + (alpha_start - alpha) max(0, 1 - s / A),
/// and alpha without alpha_epochs. A function of the step alone.
class AlphaSchedule {
 public:
  AlphaSchedule(const ObjectiveOptions& options, std::int64_t steps_per_epoch);

  double at(std::int64_t step) const;

 private:
  double start_, end_, steps_;
};

}  // namespace mien
