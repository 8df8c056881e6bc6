// What a row counts in a mean over the known rows of a column.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/ones_like.h>

#include "mien/objective/targets.h"

namespace mien {

/// Bool [B, K], or [B, 1] where rows are known as a whole.
inline at::Tensor known_elements(const at::Tensor& logits, const TaskTargets& targets) {
  if (!targets.valid.defined()) return at::ones_like(logits, at::kBool);
  return targets.valid.dim() == 1 ? targets.valid.unsqueeze(1) : targets.valid;
}

/// fp64, the shape of `known`: each row's share, which sum to 1 in a column with known rows (of a
/// weight above 0), else to 0.
inline at::Tensor row_shares(const at::Tensor& known, const TaskTargets& targets) {
  if (!targets.weights.defined()) {
    return known.to(at::kDouble).div(known.sum(0, /*keepdim=*/true, at::kDouble).clamp_min(1));
  }
  const at::Tensor weights =
      targets.weights.to(at::kDouble).unsqueeze(1).mul(known.to(at::kDouble));
  const at::Tensor sum = weights.sum(0, /*keepdim=*/true);
  return weights.div(sum.masked_fill(sum.le(0), 1));
}

}  // namespace mien
