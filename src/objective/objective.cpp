#include "mien/objective/objective.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mien/objective/curvature.h"
#include "mien/objective/cvar.h"
#include "tail.h"

namespace mien {
namespace {

constexpr double kClassWeightCap = 10;

std::int64_t total(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Scalar bool: whether the batch says anything of the task.
at::Tensor has_labels(const TaskTargets& targets, bool by_concordance) {
  if (!targets.valid.defined()) return at::ones({}, targets.labels.options().dtype(at::kBool));
  if (!by_concordance || targets.valid.dim() == 1) {
    return targets.valid.sum().ge(by_concordance ? 2 : 1);
  }
  return targets.valid.sum(0).ge(2).any();
}

/// The rows' weights, to multiply `of_rows` [B] or [B, K] by.
at::Tensor row_weights(const TaskTargets& targets, const at::Tensor& of_rows) {
  const at::Tensor weights = targets.weights.to(of_rows.scalar_type());
  return of_rows.dim() == 1 ? weights : weights.unsqueeze(1);
}

}  // namespace

std::vector<double> balanced_class_weights(const std::vector<std::int64_t>& counts) {
  const auto n = static_cast<double>(total(counts));
  std::vector<double> weights;
  double weighted = 0;
  for (const std::int64_t count : counts) {
    const auto of_class = static_cast<double>(count);
    const double weight =
        count == 0 ? 0
                   : std::min(kClassWeightCap, n / (static_cast<double>(counts.size()) * of_class));
    weights.push_back(weight);
    weighted += weight * of_class;
  }
  for (double& weight : weights) weight *= weighted > 0 ? n / weighted : 0;
  return weights;
}

std::vector<double> log_priors(const std::vector<std::int64_t>& counts) {
  const auto n = static_cast<double>(total(counts));
  std::vector<double> logs;
  for (const std::int64_t count : counts) {
    logs.push_back(std::log((count == 0 ? .5 : static_cast<double>(count)) / n));
  }
  return logs;
}

at::Tensor Objective::PerClass::like(const at::Tensor& logits) const {
  if (values_.empty()) return {};
  if (!copied_.defined() || copied_.device() != logits.device() ||
      copied_.scalar_type() != logits.scalar_type()) {
    const auto size = static_cast<std::int64_t>(values_.size());
    copied_ = at::from_blob(const_cast<double*>(values_.data()), {size}, at::kDouble)
                  .to(logits.options(), /*non_blocking=*/false, /*copy=*/true);
  }
  return copied_;
}

Objective::Objective(ObjectiveOptions options, const ClassCounts& counts)
    : options_(std::move(options)), class_weights_(counts.size()), logit_offsets_(counts.size()) {
  for (std::size_t t = 0; t < counts.size(); ++t) {
    if (total(counts[t]) == 0) continue;
    if (options_.class_weights == "balanced") {
      class_weights_[t] = PerClass(balanced_class_weights(counts[t]));
    }
    if (options_.logit_adjustment > 0) {
      std::vector<double> offsets = log_priors(counts[t]);
      for (double& offset : offsets) offset *= options_.logit_adjustment;
      logit_offsets_[t] = PerClass(std::move(offsets));
    }
  }
}

bool Objective::is_by_concordance(const Task& task) const {
  return task.is_continuous() && options_.continuous == "ccc";
}

ObjectiveValue Objective::evaluate(const std::vector<at::Tensor>& logits,
                                   const std::vector<TaskTargets>& targets,
                                   const ObjectiveState& state) const {
  const at::NoGradGuard guard;
  ObjectiveValue value;
  std::vector<at::Tensor> slopes;  // d loss / d log variance
  const auto add_to = [](at::Tensor& sum, const at::Tensor& part) {
    sum = sum.defined() ? sum.add(part) : part;
  };
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const TaskValue task =
        task_value(i, logits[i], targets[i], state.cvar_alpha.value_or(options_.cvar_alpha));
    value.tail_levels.push_back(task.tail_level);
    const auto add_weighted = [&](const auto& weight) {
      add_to(value.loss, task.loss.mul(weight));
      value.gradients.push_back(task.gradient.mul(weight));
    };
    if (!state.log_variances.defined()) {
      add_weighted(options_.task_weight(i));
      continue;
    }
    const at::Tensor log_variance = state.log_variances.select(0, static_cast<std::int64_t>(i));
    const at::Tensor counts =
        has_labels(targets[i], is_by_concordance(targets[i].task)).to(log_variance.scalar_type());
    const at::Tensor weight = log_variance.neg().exp().mul(counts);
    add_weighted(weight);
    add_to(value.loss, log_variance.mul(counts));
    slopes.push_back(counts.sub(task.loss.mul(weight)));
  }
  if (!slopes.empty()) value.log_variance_gradient = at::stack(slopes);
  return value;
}

at::Tensor Objective::operator()(const std::vector<at::Tensor>& logits,
                                 const std::vector<TaskTargets>& targets) const {
  return evaluate(logits, targets).loss;
}

double Objective::of_split(const std::vector<at::Tensor>& logits,
                           const std::vector<TaskTargets>& targets) const {
  const at::NoGradGuard guard;
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double weight = options_.task_weight(i);
    if (weight != 0) sum += weight * task_of_split(i, logits[i], targets[i]);
  }
  return sum;
}

double Objective::task_of_split(std::size_t index, const at::Tensor& logits,
                                const TaskTargets& targets) const {
  if (is_by_concordance(targets.task)) {
    return concordance_loss(logits, targets).loss.item<double>();
  }
  constexpr std::int64_t kRowsAtOnce = 65536;
  at::Tensor losses;
  for (std::int64_t begin = 0; begin < logits.size(0); begin += kRowsAtOnce) {
    const std::int64_t count = std::min(kRowsAtOnce, logits.size(0) - begin);
    TaskTargets some{.task = targets.task};
    some.labels = targets.labels.narrow(0, begin, count);
    if (targets.weights.defined()) some.weights = targets.weights.narrow(0, begin, count);
    const at::Tensor part = element_losses(index, logits.narrow(0, begin, count), some).losses;
    if (begin == 0) {
      std::vector<std::int64_t> shape = part.sizes().vec();
      shape[0] = logits.size(0);
      losses = at::empty(shape, part.options());
    }
    losses.narrow(0, begin, count).copy_(part);
  }
  return tail_mean(losses, targets, options_.cvar_pool, options_.cvar_alpha);
}

LossValues Objective::unweighted_losses(std::size_t index, const at::Tensor& logits,
                                        const TaskTargets& targets) const {
  switch (targets.task.kind()) {
    case TaskKind::kClasses:
      return cross_entropy(logits, targets.labels, cross_entropy_options(index, logits));
    case TaskKind::kBinary:
      return binary_cross_entropy(logits, targets.labels, options_.focal);
    case TaskKind::kContinuous:
      break;
  }
  return squared_error(logits, targets.labels);
}

LossValues Objective::element_losses(std::size_t index, const at::Tensor& logits,
                                     const TaskTargets& targets) const {
  LossValues values = unweighted_losses(index, logits, targets);
  if (!targets.weights.defined()) return values;
  values.losses = values.losses.mul(row_weights(targets, values.losses));
  values.slopes = values.slopes.mul(row_weights(targets, values.slopes));
  return values;
}

CrossEntropyOptions Objective::cross_entropy_options(std::size_t index,
                                                     const at::Tensor& logits) const {
  return {options_.label_smoothing, options_.focal,
          index < logit_offsets_.size() ? logit_offsets_[index].like(logits) : at::Tensor(),
          index < class_weights_.size() ? class_weights_[index].like(logits) : at::Tensor()};
}

at::Tensor Objective::element_curvature(std::size_t index, const at::Tensor& logits,
                                        const TaskTargets& targets,
                                        const at::Tensor& tangents) const {
  switch (targets.task.kind()) {
    case TaskKind::kClasses:
      return cross_entropy_curvature(logits, targets.labels, cross_entropy_options(index, logits),
                                     tangents);
    case TaskKind::kBinary:
      return binary_cross_entropy_curvature(logits, targets.labels, options_.focal, tangents);
    case TaskKind::kContinuous:
      break;
  }
  return squared_error_curvature(logits, targets.labels, tangents);
}

at::Tensor Objective::task_curvature(std::size_t index, const at::Tensor& logits,
                                     const TaskTargets& targets, const at::Tensor& tangents) const {
  if (is_by_concordance(targets.task)) {
    return concordance_curvature(logits, targets, tangents);
  }
  const CvarWeights tail = tail_weights(element_losses(index, logits, targets).losses, targets,
                                        options_.cvar_pool, options_.cvar_alpha);
  const bool by_row = targets.task.is_classes();
  const at::Tensor weights = by_row ? tail.weights.unsqueeze(1) : tail.weights;
  at::Tensor moved = element_curvature(index, logits, targets, tangents);
  if (targets.weights.defined()) moved = moved.mul(row_weights(targets, moved));
  return moved.masked_fill(weights.le(0), 0)
      .mul(weights)
      .mul(targets.task.is_binary() ? 1 - options_.auc_weight : 1);
}

std::vector<at::Tensor> Objective::curvature(const std::vector<at::Tensor>& logits,
                                             const std::vector<TaskTargets>& targets,
                                             const std::vector<at::Tensor>& tangents) const {
  const at::NoGradGuard guard;
  std::vector<at::Tensor> moved;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    moved.push_back(
        task_curvature(i, logits[i], targets[i], tangents[i]).mul(options_.task_weight(i)));
  }
  return moved;
}

Objective::TaskValue Objective::task_value(std::size_t index, const at::Tensor& logits,
                                           const TaskTargets& targets, double alpha) const {
  if (is_by_concordance(targets.task)) {
    const BatchLoss concordance = concordance_loss(logits, targets);
    return {concordance.loss, concordance.gradient, {}};
  }
  const LossValues values = element_losses(index, logits, targets);
  const CvarWeights tail = tail_weights(values.losses, targets, options_.cvar_pool, alpha);
  const bool by_row = targets.task.is_classes();
  const at::Tensor weights = by_row ? tail.weights.unsqueeze(1) : tail.weights;
  TaskValue value = {weighted_sum(tail.weights, values.losses),
                     values.slopes.masked_fill(weights.le(0), 0).mul(weights), tail.level};
  if (!targets.task.is_binary() || options_.auc_weight == 0) return value;
  const double share = options_.auc_weight;
  const BatchLoss auc = auc_margin_loss(logits, targets, options_.auc_margin, options_.auc_power);
  value.loss = value.loss.mul(1 - share).add(auc.loss, share);
  value.gradient = value.gradient.mul(1 - share).add(auc.gradient, share);
  return value;
}

}  // namespace mien
