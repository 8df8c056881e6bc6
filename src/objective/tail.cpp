#include "tail.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "mien/objective/tail_mean.h"

namespace mien {
namespace {

constexpr std::int64_t kTermsAtOnce = 65536;  ///< that are copied in fp64 beside the result

/// Sums of the valid losses of each group, and how many there are, in the losses' dtype.
struct GroupSums {
  at::Tensor sums, counts;  ///< [G]

  at::Tensor means() const { return sums.div(counts.clamp_min(1)); }
  at::Tensor known() const { return counts.gt(0); }

  /// The tail of the groups' means; each weight is a group's share for one of its losses.
  CvarWeights tail(double alpha) const {
    const CvarWeights groups = cvar_weights(means(), known(), alpha);
    return {groups.weights.div(counts.clamp_min(1)), groups.level};
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

/// Rows or videos of losses [B] or [B, C].
GroupSums groups_of(const at::Tensor& losses, const at::Tensor& valid, const TaskTargets& targets,
                    bool by_video) {
  const bool single = losses.dim() == 1;
  const GroupSums rows =
      row_sums(single ? losses.unsqueeze(1) : losses, single ? valid.unsqueeze(1) : valid);
  return by_video ? video_sums(rows, targets) : rows;
}

/// The tail of each column, as one share of the mean over columns with a valid loss.
CvarWeights column_mean(const at::Tensor& losses, const at::Tensor& valid, double alpha) {
  const CvarWeights columns = cvar_weights_by_column(losses, valid, alpha);
  const at::Tensor present =
      valid.any(0).sum(0, /*keepdim=*/false, losses.scalar_type()).clamp_min(1);
  return {columns.weights.div(present), columns.level.sum().div(present)};
}

/// A mask of rows as one of elements.
at::Tensor mask_like(const at::Tensor& losses, const at::Tensor& valid) {
  if (!valid.defined() || valid.dim() == losses.dim()) return valid;
  return valid.unsqueeze(1).expand_as(losses);
}

/// CVaR of the valid losses, 0 of none.
double mean_of_tail(const at::Tensor& losses, const at::Tensor& valid, double alpha) {
  const at::Tensor known = valid.defined() ? losses.masked_select(valid) : losses.reshape({-1});
  std::vector<double> terms;
  terms.reserve(static_cast<std::size_t>(known.numel()));
  for (const at::Tensor& chunk : known.split(kTermsAtOnce)) {
    const at::Tensor host = chunk.to(at::kCPU, at::kDouble).contiguous();
    const auto* values = host.const_data_ptr<double>();
    terms.insert(terms.end(), values, values + host.numel());
  }
  const auto bad = std::ranges::find_if(terms, [](double term) { return std::isnan(term); });
  if (bad != terms.end()) return *bad;
  return upper_tail_means(std::move(terms), std::array{alpha}).front();
}

/// The mean over columns with a valid loss, 0 without one.
double mean_of_column_tails(const at::Tensor& losses, const at::Tensor& valid, double alpha) {
  double sum = 0;
  std::int64_t present = 0;
  for (std::int64_t column = 0; column < losses.size(1); ++column) {
    const at::Tensor known = valid.select(1, column);
    if (!known.any().item<bool>()) continue;
    sum += mean_of_tail(losses.select(1, column), known, alpha);
    ++present;
  }
  return present == 0 ? 0 : sum / static_cast<double>(present);
}

}  // namespace

CvarWeights tail_weights(const at::Tensor& losses, const TaskTargets& targets,
                         const std::string& pool, double alpha) {
  const bool single = losses.dim() == 1;
  const bool by_video = pool == "per_video";
  const at::Tensor given = mask_like(losses, targets.valid);
  if (pool == "element" || (single && !by_video)) return cvar_weights(losses, given, alpha);
  const at::Tensor valid = given.defined() ? given : at::ones_like(losses, at::kBool);
  if (pool == "per_output") return column_mean(losses, valid, alpha);
  const at::Tensor known = single ? valid.unsqueeze(1) : valid;
  const CvarWeights tail = groups_of(losses, valid, targets, by_video).tail(alpha);
  const at::Tensor of_row = by_video ? tail.weights.index_select(0, targets.videos) : tail.weights;
  return {of_row.unsqueeze(1).expand_as(known).masked_fill(known.logical_not(), 0).view_as(losses),
          tail.level};
}

double tail_mean(const at::Tensor& losses, const TaskTargets& targets, const std::string& pool,
                 double alpha) {
  const bool single = losses.dim() == 1;
  const bool by_video = pool == "per_video";
  const at::Tensor given = mask_like(losses, targets.valid);
  if (pool == "element" || (single && !by_video)) return mean_of_tail(losses, given, alpha);
  const at::Tensor valid = given.defined() ? given : at::ones_like(losses, at::kBool);
  if (pool == "per_output") return mean_of_column_tails(losses, valid, alpha);
  const GroupSums groups = groups_of(losses.to(at::kDouble), valid, targets, by_video);
  return mean_of_tail(groups.means(), groups.known(), alpha);
}

}  // namespace mien
