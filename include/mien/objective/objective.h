// From logits and labels of a batch to the one number that is minimised, and its gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "mien/objective/losses.h"
#include "mien/objective/objective_options.h"
#include "mien/objective/targets.h"

namespace mien {

/// Class weights n / (8 n_c), capped at 10, normalised to mean 1 over the training labels. An
/// absent class has weight 0. `counts` [8] labels of the training split.
std::vector<double> balanced_class_weights(const std::vector<std::int64_t>& counts);

/// log(n_c / n) of each class; an absent class counts as half a label.
std::vector<double> log_priors(const std::vector<std::int64_t>& counts);

struct ObjectiveValue {
  at::Tensor loss;                    ///< scalar
  std::vector<at::Tensor> gradients;  ///< d loss / d logits, one a task, as the logits are
  at::Tensor tail_level;  ///< scalar: the tasks' CVaR thresholds, summed by the tasks' weights
};

/// The weighted sum of the tasks' losses. No autograd graph, and nothing waits for the device.
class Objective {
 public:
  /// `expr_counts` [8]: labels of the training split, for class weights and logit adjustment.
  Objective(ObjectiveOptions options, const std::vector<std::int64_t>& expr_counts);

  /// `logits` and `targets` in the same order of tasks. A loss is a task's tail (CVaR over the
  /// pool) of its losses, for AU mixed with the AUC part. Not for two threads at a time.
  ObjectiveValue evaluate(const std::vector<at::Tensor>& logits,
                          const std::vector<TaskTargets>& targets) const;

  /// The loss alone.
  at::Tensor operator()(const std::vector<at::Tensor>& logits,
                        const std::vector<TaskTargets>& targets) const;

  /// The same with the AUC part left out: it grows with the square of the rows, and a whole
  /// validation split has too many.
  at::Tensor without_pairs(const std::vector<at::Tensor>& logits,
                           const std::vector<TaskTargets>& targets) const;

 private:
  /// Numbers of the classes, copied to the logits' device once.
  class PerClass {
   public:
    explicit PerClass(std::vector<double> values = {}) : values_(std::move(values)) {}
    /// [C], undefined without numbers.
    at::Tensor like(const at::Tensor& logits) const;

   private:
    std::vector<double> values_;
    mutable at::Tensor copied_;
  };

  /// One task without its weight.
  struct TaskValue {
    at::Tensor loss, gradient, tail_level;
  };
  TaskValue task_value(const at::Tensor& logits, const TaskTargets& targets) const;

  ObjectiveOptions options_;
  PerClass class_weights_;
  PerClass logit_offsets_;
};

}  // namespace mien
