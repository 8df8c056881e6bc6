// What the steps of an epoch said, collected without waiting for the device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "mien/data/tasks.h"
#include "mien/training/batches.h"
#include "mien/training/progress_state.h"
#include "mien/training/step.h"

namespace mien {

/// A step with a loss that is no number.
struct BadStep {
  std::int64_t step = 0;  ///< 0-based in the epoch
  const char* what = "";  ///< "train loss" or "loss at the perturbed weights"
  double value = 0;       ///< NaN or infinite
};

/// A row of a matrix on the device a step; the host reads it at the epoch's end, or every
/// kReadEvery steps to see whether the training has come apart.
class EpochLog {
 public:
  static constexpr std::int64_t kReadEvery = 256;

  EpochLog(std::int64_t steps, at::Device device);

  void add(const StepValue& value);

  /// Whether first_bad() is due.
  bool due() const { return added_ % kReadEvery == 0; }

  /// The first of the steps since the last call with a loss that is not finite. Waits
  /// for the device.
  std::optional<BadStep> first_bad();

  /// Puts the epoch's numbers into `record`, which has no tasks yet: the mean loss over samples,
  /// and means over steps of the gradient norm, of the sharpness (steps that have one) and of each
  /// task's CVaR level (0 for a batch without a valid label of the task).
  void summarise(const std::vector<BatchRange>& batches, const std::vector<Task>& tasks,
                 EpochRecord& record) const;

 private:
  std::int64_t added_ = 0, read_ = 0;
  at::Tensor rows_;  ///< fp64 [steps, columns], made with the first step
  at::Device device_;
  std::int64_t steps_;
  std::vector<bool> is_sharp_;   ///< of each step so far
  std::vector<bool> has_level_;  ///< of each task
};

}  // namespace mien
