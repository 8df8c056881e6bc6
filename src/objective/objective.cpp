#include "mien/objective/objective.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>

#include "mien/core/error.h"
#include "mien/objective/cvar.h"

namespace mien {
namespace {

constexpr double kClassWeightCap = 10;

std::int64_t total(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Mean over a sample's valid AUs -> [B], and which samples have any.
at::Tensor sample_means(const at::Tensor& losses, const at::Tensor& valid) {
  if (!valid.defined()) return losses.mean(1);
  const at::Tensor count = valid.sum(1).clamp_min(1);
  return at::where(valid, losses, 0.).sum(1).div(count);
}

}  // namespace

void declare_fields(Fields& fields, ObjectiveOptions& options) {
  fields.add("loss.cvar.alpha", options.cvar_alpha,
             "share of the worst losses that is averaged; 1: the mean", above_up_to(0, 1));
  fields.add("loss.cvar.pool", options.cvar_pool,
             "what an AU's tail is taken of: all elements, samples, or each AU by itself",
             {"element", "sample", "per_au"});
  fields.add("loss.auc.weight", options.auc_weight, "share of the AUC margin loss (AU)",
             between(0, 1));
  fields.add("loss.auc.margin", options.auc_margin, "margin between positive and negative logits",
             above(0));
  fields.add("loss.auc.power", options.auc_power, "power of the margin's violation", at_least(1));
  fields.add("loss.class_weights", options.class_weights,
             "weight of an expression's losses: none, or n / (8 n_c) capped at 10",
             {"none", "balanced"});
  fields.add("loss.task_weights", options.task_weights, "weight of each task, in their order",
             at_least(0));
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  constexpr std::int64_t kReductionNone = 0;
  return at::nll_loss(at::log_softmax(logits, 1), labels, {}, kReductionNone);
}

at::Tensor binary_cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  constexpr std::int64_t kReductionNone = 0;
  return at::binary_cross_entropy_with_logits(logits, labels, {}, {}, kReductionNone);
}

at::Tensor auc_margin_loss(const at::Tensor& logits, const TaskTargets& targets, double margin,
                           double power) {
  const at::Tensor known =
      targets.valid.defined() ? targets.valid : at::ones_like(targets.labels, at::kBool);
  const at::Tensor positive = targets.labels.gt(.5).logical_and(known).to(logits.scalar_type());
  const at::Tensor negative = targets.labels.le(.5).logical_and(known).to(logits.scalar_type());
  // [i, j, AU]: sample i as the positive, j as the negative.
  const at::Tensor gap = logits.unsqueeze(1).sub(logits.unsqueeze(0));
  const at::Tensor violation = gap.neg().add(margin).clamp_min(0).pow(power);
  const at::Tensor pairs = positive.unsqueeze(1).mul(negative.unsqueeze(0));
  const at::Tensor count = positive.sum(0).mul(negative.sum(0)).clamp_min(1);
  return violation.mul(pairs).sum({0, 1}).div(count).mean();
}

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

Objective::Objective(ObjectiveOptions options, const std::vector<std::int64_t>& expr_counts)
    : options_(std::move(options)) {
  if (options_.class_weights == "balanced" && total(expr_counts) > 0) {
    class_weights_ = balanced_class_weights(expr_counts);
  }
}

at::Tensor Objective::operator()(const std::vector<at::Tensor>& logits,
                                 const std::vector<TaskTargets>& targets) const {
  at::Tensor sum;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const at::Tensor loss = targets[i].task == Task::kExpr ? expr_loss(logits[i], targets[i])
                                                           : au_loss(logits[i], targets[i]);
    const at::Tensor weighted = loss.mul(options_.task_weights.at(i));
    sum = sum.defined() ? sum.add(weighted) : weighted;
  }
  return sum;
}

at::Tensor Objective::without_pairs(const std::vector<at::Tensor>& logits,
                                    const std::vector<TaskTargets>& targets) const {
  Objective reduced = *this;
  reduced.options_.auc_weight = 0;
  return reduced(logits, targets);
}

at::Tensor Objective::expr_loss(const at::Tensor& logits, const TaskTargets& targets) const {
  at::Tensor losses = cross_entropy(logits, targets.labels);
  if (!class_weights_.empty()) {
    const at::Tensor weights =
        at::from_blob(const_cast<double*>(class_weights_.data()),
                      {static_cast<std::int64_t>(class_weights_.size())}, at::kDouble)
            .to(logits.options());
    losses = losses.mul(weights.index_select(0, targets.labels));
  }
  return cvar(losses, targets.valid, total(targets.valid_counts), options_.cvar_alpha);
}

at::Tensor Objective::au_loss(const at::Tensor& logits, const TaskTargets& targets) const {
  const at::Tensor losses = binary_cross_entropy(logits, targets.labels);
  const double alpha = options_.cvar_alpha;
  at::Tensor tail;
  if (options_.cvar_pool == "per_au") {
    std::int64_t present = 0;
    for (std::int64_t au = 0; au < losses.size(1); ++au) {
      const std::int64_t count = targets.valid_counts.at(static_cast<std::size_t>(au));
      if (count == 0) continue;
      const at::Tensor valid = targets.valid.defined() ? targets.valid.select(1, au) : at::Tensor();
      const at::Tensor of_au = cvar(losses.select(1, au), valid, count, alpha);
      tail = tail.defined() ? tail.add(of_au) : of_au;
      ++present;
    }
    tail = present > 0 ? tail.div(present) : at::zeros({}, losses.options());
  } else if (options_.cvar_pool == "sample") {
    const at::Tensor any = targets.valid.defined() ? targets.valid.any(1) : at::Tensor();
    tail = cvar(sample_means(losses, targets.valid), any, targets.valid_samples, alpha);
  } else {
    tail = cvar(losses, targets.valid, total(targets.valid_counts), alpha);
  }
  if (options_.auc_weight == 0) return tail;
  const at::Tensor auc = auc_margin_loss(logits, targets, options_.auc_margin, options_.auc_power);
  return tail.mul(1 - options_.auc_weight).add(auc, options_.auc_weight);
}

}  // namespace mien
