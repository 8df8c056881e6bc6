// From logits and labels of a batch to the one number that is minimised.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "mien/data/tasks.h"
#include "mien/objective/objective_options.h"

namespace mien {

/// One task's labels of a batch, on the device of the logits.
struct TaskTargets {
  Task task = Task::kExpr;
  at::Tensor labels;  ///< EXPR int64 [B] (0 where not valid); AU [B, 12] 0/1 in the logits' dtype
  at::Tensor valid;   ///< bool [B] or [B, 12]; undefined: all are valid
  std::vector<std::int64_t> valid_counts;  ///< host side: [1] (EXPR) or [12], one an AU
  std::int64_t valid_samples = 0;          ///< host side: rows with any valid label
};

/// Cross-entropy a sample: logits [B, 8], labels int64 [B] -> [B].
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels);

/// Binary cross-entropy an element, from logits: [B, 12] -> [B, 12].
at::Tensor binary_cross_entropy(const at::Tensor& logits, const at::Tensor& labels);

/// Mean over AUs of the mean over pairs (positive, negative) of max(margin - (s+ - s-), 0)^power,
/// on logits [B, 12]. An AU with one class only contributes 0 and stays in the divisor.
at::Tensor auc_margin_loss(const at::Tensor& logits, const TaskTargets& targets, double margin,
                           double power);

/// Class weights n / (8 n_c), capped at 10, normalised to mean 1 over the training labels. An
/// absent class has weight 0. `counts` [8] labels of the training split.
std::vector<double> balanced_class_weights(const std::vector<std::int64_t>& counts);

/// The weighted sum of the tasks' losses.
class Objective {
 public:
  /// `expr_counts` [8]: labels of the training split, for balanced class weights.
  Objective(ObjectiveOptions options, const std::vector<std::int64_t>& expr_counts);

  /// `logits` and `targets` in the same order of tasks. Scalar, part of the autograd graph.
  at::Tensor operator()(const std::vector<at::Tensor>& logits,
                        const std::vector<TaskTargets>& targets) const;

  /// The same with the AUC part left out: it grows with the square of the rows, and a whole
  /// validation split has too many.
  at::Tensor without_pairs(const std::vector<at::Tensor>& logits,
                           const std::vector<TaskTargets>& targets) const;

 private:
  at::Tensor expr_loss(const at::Tensor& logits, const TaskTargets& targets) const;
  at::Tensor au_loss(const at::Tensor& logits, const TaskTargets& targets) const;

  ObjectiveOptions options_;
  std::vector<double> class_weights_;  ///< empty: all one
};

}  // namespace mien
