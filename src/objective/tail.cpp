#include "tail.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include <stdexcept>

namespace mien {
namespace {

/// Sums of the valid losses of each group, and how many there are, in the losses' dtype.
struct GroupSums {
  at::Tensor sums, counts;  ///< [G]

  /// The tail of the groups' means; each weight is a group's share for one of its losses.
  CvarWeights tail(double alpha) const {
    const at::Tensor divisor = counts.clamp_min(1);
    CvarWeights means = cvar_weights(sums.div(divisor), counts.gt(0), alpha);
    return {means.weights.div(divisor), means.level};
  }
};

/// Groups are the rows of [B, C].
GroupSums row_sums(const at::Tensor& losses, const at::Tensor& valid) {
  return {losses.masked_fill(valid.logical_not(), 0).sum(1),
          valid.sum(1, false, losses.scalar_type())};
}

GroupSums video_sums(const GroupSums& rows, const TaskTargets& targets) {
  if (!targets.videos.defined()) throw std::invalid_argument("per_video needs the rows' videos");
  const at::Tensor zeros = at::zeros({targets.video_count}, rows.sums.options());
  return {zeros.index_add(0, targets.videos, rows.sums),
          zeros.index_add(0, targets.videos, rows.counts)};
}

/// The tail of each column, as one share of the mean over columns with a valid loss.
CvarWeights column_mean(const at::Tensor& losses, const at::Tensor& valid, double alpha) {
  const CvarWeights columns = cvar_weights_by_column(losses, valid, alpha);
  const at::Tensor present =
      valid.any(0).sum(0, /*keepdim=*/false, losses.scalar_type()).clamp_min(1);
  return {columns.weights.div(present), columns.level.sum().div(present)};
}

/// A mask of rows (VA) as one of elements.
at::Tensor mask_like(const at::Tensor& losses, const at::Tensor& valid) {
  if (!valid.defined() || valid.dim() == losses.dim()) return valid;
  return valid.unsqueeze(1).expand_as(losses);
}

}  // namespace

CvarWeights tail_weights(const at::Tensor& losses, const TaskTargets& targets,
                         const std::string& pool, double alpha) {
  const bool single = losses.dim() == 1;
  const bool by_video = pool == "per_video";
  const at::Tensor given = mask_like(losses, targets.valid);
  if (pool == "element" || (single && !by_video)) return cvar_weights(losses, given, alpha);
  const at::Tensor valid = given.defined() ? given : at::ones_like(losses, at::kBool);
  if (pool == "per_au") return column_mean(losses, valid, alpha);
  const at::Tensor matrix = single ? losses.unsqueeze(1) : losses;
  const at::Tensor known = single ? valid.unsqueeze(1) : valid;
  const GroupSums rows = row_sums(matrix, known);
  CvarWeights tail = by_video ? video_sums(rows, targets).tail(alpha) : rows.tail(alpha);
  const at::Tensor of_row = by_video ? tail.weights.index_select(0, targets.videos) : tail.weights;
  return {of_row.unsqueeze(1).expand_as(known).masked_fill(known.logical_not(), 0).view_as(losses),
          tail.level};
}

}  // namespace mien
