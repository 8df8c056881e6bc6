// From logits and labels of a batch to the one number that is minimised, and its gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "mien/objective/losses.h"
#include "mien/objective/objective_options.h"
#include "mien/objective/targets.h"

namespace mien {

/// Labels per class of the training split for each task, in the order of the tasks; nothing for a
/// task that is none of classes.
using ClassCounts = std::vector<std::vector<std::int64_t>>;

/// Class weights n / (C n_c), capped at 10, normalised to mean 1 over the training labels. An
/// absent class has weight 0. `counts` [C] labels of the training split.
std::vector<double> balanced_class_weights(const std::vector<std::int64_t>& counts);

/// log(n_c / n) of each class; an absent class counts as half a label.
std::vector<double> log_priors(const std::vector<std::int64_t>& counts);

struct ObjectiveValue {
  at::Tensor loss;                    ///< scalar
  std::vector<at::Tensor> gradients;  ///< d loss / d logits, one a task, as the logits are
  /// A task's CVaR threshold without the task's weight: a scalar each, undefined without a tail.
  std::vector<at::Tensor> tail_levels;
  at::Tensor log_variance_gradient;  ///< d loss / d log_variances; undefined without them
};

/// What the loss depends on beside logits and labels, and moves in training.
struct ObjectiveState {
  std::optional<double> cvar_alpha;  ///< in place of the options', of a schedule
  at::Tensor log_variances;          ///< [tasks] s, learned task weights; undefined: fixed ones
};

/// The sum of the tasks' losses L_t, weighted: of w_t L_t with the options' weights w, or, with
/// learned ones, of exp(-s_t) L_t + s_t, the uncertainty weighting of Kendall, Gal and Cipolla
/// (2018) with s_t = log sigma_t^2 and one form for all losses; a task without a valid label in the
/// batch (two rows for the CCC) then contributes nothing, neither to the loss nor to s_t's
/// gradient 1 - exp(-s_t) L_t. No autograd graph, and nothing waits for the device.
class Objective {
 public:
  /// `counts` are for class weights and logit adjustment; without them there is neither.
  explicit Objective(ObjectiveOptions options, const ClassCounts& counts = {});

  /// `logits` and `targets` in the same order of tasks. A loss is a task's tail (CVaR over the
  /// pool) of its losses, each times its row's weight, for binary outputs mixed with the AUC part;
  /// for continuous values by CCC it is one number per batch without a tail. Not for two threads at
  /// a time.
  ObjectiveValue evaluate(const std::vector<at::Tensor>& logits,
                          const std::vector<TaskTargets>& targets,
                          const ObjectiveState& state = {}) const;

  const ObjectiveOptions& options() const { return options_; }

  /// The loss alone, with the options' alpha and weights.
  at::Tensor operator()(const std::vector<at::Tensor>& logits,
                        const std::vector<TaskTargets>& targets) const;

  /// Of a whole split: without gradients, its tail selected on the host in fp64, and without the
  /// AUC part, which grows with the square of the rows. Waits for the device.
  double of_split(const std::vector<at::Tensor>& logits,
                  const std::vector<TaskTargets>& targets) const;

  /// What evaluate()'s gradients change by when the logits move along `tangents` (shapes of the
  /// logits): the loss's second derivative times a direction. The tail stays the one that is chosen
  /// at `logits`, and the AUC part is left out.
  std::vector<at::Tensor> curvature(const std::vector<at::Tensor>& logits,
                                    const std::vector<TaskTargets>& targets,
                                    const std::vector<at::Tensor>& tangents) const;

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

  /// One task without its weight; `index` is its place among the tasks.
  struct TaskValue {
    at::Tensor loss, gradient, tail_level;
  };
  bool is_by_concordance(const Task& task) const;
  TaskValue task_value(std::size_t index, const at::Tensor& logits, const TaskTargets& targets,
                       double alpha) const;
  double task_of_split(std::size_t index, const at::Tensor& logits,
                       const TaskTargets& targets) const;
  LossValues unweighted_losses(std::size_t index, const at::Tensor& logits,
                               const TaskTargets& targets) const;
  LossValues element_losses(std::size_t index, const at::Tensor& logits,
                            const TaskTargets& targets) const;
  CrossEntropyOptions cross_entropy_options(std::size_t index, const at::Tensor& logits) const;
  at::Tensor element_curvature(std::size_t index, const at::Tensor& logits,
                               const TaskTargets& targets, const at::Tensor& tangents) const;
  at::Tensor task_curvature(std::size_t index, const at::Tensor& logits, const TaskTargets& targets,
                            const at::Tensor& tangents) const;

  ObjectiveOptions options_;
  std::vector<PerClass> class_weights_, logit_offsets_;  ///< per task
};

}  // namespace mien
