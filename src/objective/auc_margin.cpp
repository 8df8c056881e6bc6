#include <ATen/ops/ones_like.h>

#include "mien/objective/cvar.h"
#include "mien/objective/losses.h"

namespace mien {

BatchLoss auc_margin_loss(const at::Tensor& logits, const TaskTargets& targets, double margin,
                          double power) {
  const at::Tensor known =
      targets.valid.defined() ? targets.valid : at::ones_like(targets.labels, at::kBool);
  const at::Tensor scores = logits.masked_fill(known.logical_not(), 0);
  at::Tensor positive = targets.labels.gt(.5).logical_and(known).to(logits.scalar_type());
  at::Tensor negative = targets.labels.le(.5).logical_and(known).to(logits.scalar_type());
  at::Tensor count = positive.sum(0).mul(negative.sum(0)).clamp_min(1);
  if (targets.weights.defined()) {
    const at::Tensor weights = targets.weights.to(logits.scalar_type()).unsqueeze(1);
    positive = positive.mul(weights);
    negative = negative.mul(weights);
    count = positive.sum(0).mul(negative.sum(0));
    count = count.masked_fill(count.le(0), 1);
  }
  const at::Tensor share = count.mul(logits.size(1)).reciprocal();  // of a pair, [K]
  // [i, j, k]: sample i as the positive, j as the negative.
  const at::Tensor gap = scores.unsqueeze(1).sub(scores.unsqueeze(0));
  const at::Tensor violation = gap.neg().add(margin).clamp_min(0);
  const at::Tensor pairs =
      positive.unsqueeze(1).mul(negative.unsqueeze(0)).mul(violation.gt(0)).mul(share);
  const at::Tensor slopes = violation.pow(power - 1).mul(pairs);
  const at::Tensor gradient = slopes.sum(0).sub(slopes.sum(1)).mul(power);
  return {sum_of_all(slopes.mul(violation)), gradient};
}

}  // namespace mien
