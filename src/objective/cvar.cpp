#include "mien/objective/cvar.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/zeros_like.h>

#include <limits>
#include <tuple>

namespace mien {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Valid losses of each column, fp64 [1, C].
at::Tensor counts_of(const at::Tensor& losses, const at::Tensor& valid) {
  if (valid.defined()) return valid.sum(0, /*keepdim=*/true, at::kDouble);
  return at::full({1, losses.size(1)}, static_cast<double>(losses.size(0)),
                  losses.options().dtype(at::kDouble));
}

/// Weights of the losses in descending order, by their rank from 0; `m` = alpha n fp64 [1, C].
at::Tensor weights_by_rank(const at::Tensor& m, std::int64_t rows) {
  const at::Tensor rank = at::arange(rows, m.options()).unsqueeze(1);
  return m.sub(rank).clamp_(0, 1).div_(m.clamp_min(std::numeric_limits<double>::min()));
}

at::Tensor mean_weights(const at::Tensor& losses, const at::Tensor& valid, const at::Tensor& n) {
  const at::Tensor each = n.clamp_min(1).reciprocal().to(losses.scalar_type());
  const at::Tensor weights = each.expand_as(losses);
  return valid.defined() ? weights.masked_fill(valid.logical_not(), 0) : weights;
}

at::Tensor tail_weights(const at::Tensor& losses, const at::Tensor& valid, const at::Tensor& n,
                        double alpha) {
  // What is not valid comes behind all that is, where no weight is left.
  const at::Tensor masked =
      valid.defined() ? losses.masked_fill(valid.logical_not(), -kInfinity) : losses;
  const at::Tensor order =
      std::get<1>(masked.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  const at::Tensor weights = weights_by_rank(n.mul(alpha), losses.size(0));
  return at::zeros_like(losses).scatter(0, order, weights.to(losses.scalar_type()));
}

}  // namespace

CvarWeights cvar_weights_by_column(const at::Tensor& losses, const at::Tensor& valid,
                                   double alpha) {
  const at::Tensor n = counts_of(losses, valid);
  CvarWeights tail;
  tail.weights =
      alpha == 1 ? mean_weights(losses, valid, n) : tail_weights(losses, valid, n, alpha);
  const at::Tensor smallest = losses.masked_fill(tail.weights.le(0), kInfinity).amin(0);
  tail.level = smallest.masked_fill(n.squeeze(0).le(0), 0);
  return tail;
}

CvarWeights cvar_weights(const at::Tensor& losses, const at::Tensor& valid, double alpha) {
  const at::Tensor column = valid.defined() ? valid.reshape({-1, 1}) : at::Tensor();
  CvarWeights tail = cvar_weights_by_column(losses.reshape({-1, 1}), column, alpha);
  return {tail.weights.view_as(losses), tail.level.squeeze(0)};
}

at::Tensor sum_of_all(const at::Tensor& values) {
  constexpr std::int64_t kPiece = 4096;
  const at::Tensor flat = values.reshape({-1});
  const std::int64_t whole = flat.size(0) / kPiece * kPiece;
  if (!flat.is_cpu() || whole == 0) return flat.sum();
  const at::Tensor pieces = flat.narrow(0, 0, whole).view({-1, kPiece}).sum(1);
  return sum_of_all(pieces).add(flat.narrow(0, whole, flat.size(0) - whole).sum());
}

at::Tensor weighted_sum(const at::Tensor& weights, const at::Tensor& values) {
  return sum_of_all(values.masked_fill(weights.le(0), 0).mul(weights));
}

at::Tensor cvar(const at::Tensor& losses, const at::Tensor& valid, double alpha) {
  return weighted_sum(cvar_weights(losses, valid, alpha).weights, losses);
}

}  // namespace mien
