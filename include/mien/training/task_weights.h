// Weights of the tasks' losses that are trained beside the head.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

#include "mien/objective/objective_options.h"
#include "mien/training/options.h"

namespace mien {

/// s_t of the objective's exp(-s_t) L_t + s_t (Kendall, Gal and Cipolla, 2018), a number a task,
/// with AdamW's moments. No weight decay: it would pull every weight towards 1.
class LearnedTaskWeights {
 public:
  /// Starts at -log(options.task_weight(t)); in the dtype and on the device of `like`.
  LearnedTaskWeights(const ObjectiveOptions& options, std::size_t tasks, const at::Tensor& like);

  /// One step of AdamW; `lr` a scalar, `step_count` fp32 scalar, of this step (1 at the first).
  void update(const at::Tensor& gradient, const at::Tensor& lr, const at::Tensor& step_count,
              const OptimizerOptions& optimizer);

  /// exp(-s_t), on the host.
  std::vector<double> weights() const;

  at::Tensor& log_variances() { return log_variances_; }  ///< [tasks] s
  at::Tensor& first_moment() { return first_moment_; }
  at::Tensor& second_moment() { return second_moment_; }

 private:
  at::Tensor log_variances_, first_moment_, second_moment_;
};

}  // namespace mien
