#include "mien/objective/curvature.h"

#include <ATen/ops/expm1.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "row_shares.h"

namespace mien {
namespace {

/// First and second derivative of f(u) = -(1 - e^u)^gamma u, the loss of a log-probability u.
struct Derivatives {
  at::Tensor first, second;
};

Derivatives of_log_probability(const at::Tensor& u, double gamma) {
  if (gamma == 0) return {at::full_like(u, -1), at::zeros_like(u)};
  const at::Tensor rest = at::expm1(u).neg(), p = u.exp();
  const at::Tensor ratio = at::where(rest.gt(0), u.div(rest), -1.);
  const at::Tensor factor = rest.pow(gamma), lower = rest.pow(gamma - 1);
  const at::Tensor first = p.mul(ratio).mul(gamma).sub(1).mul(factor);
  const at::Tensor second =
      factor.mul(ratio).sub(p.mul(lower).mul(ratio), gamma - 1).add(lower, 2).mul(p).mul(gamma);
  return {first, at::where(rest.gt(0), second, 0.)};
}

}  // namespace

at::Tensor cross_entropy_curvature(const at::Tensor& logits, const at::Tensor& labels,
                                   const CrossEntropyOptions& options, const at::Tensor& tangents) {
  const at::Tensor& offsets = options.logit_offsets;
  const at::Tensor log_p = at::log_softmax(offsets.defined() ? logits.add(offsets) : logits, 1);
  const at::Tensor column = labels.unsqueeze(1), p = log_p.exp();
  const Derivatives f = of_log_probability(log_p.gather(1, column), options.focal);  // [B, 1]
  const at::Tensor of_u = at::zeros_like(p).scatter(1, column, 1).sub(p);
  const at::Tensor spread = p.mul(tangents.sub(p.mul(tangents).sum(1, /*keepdim=*/true)));
  at::Tensor moved =
      of_u.mul(of_u.mul(tangents).sum(1, /*keepdim=*/true)).mul(f.second).sub(spread.mul(f.first));
  if (options.class_weights.defined()) {
    moved = moved.mul(options.class_weights.index_select(0, labels).unsqueeze(1));
  }
  return moved;
}

at::Tensor binary_cross_entropy_curvature(const at::Tensor& logits, const at::Tensor& labels,
                                          double focal, const at::Tensor& tangents) {
  const at::Tensor u = at::log_sigmoid(logits.mul(labels.mul(2).sub(1)));
  const Derivatives f = of_log_probability(u, focal);
  const at::Tensor rest = at::expm1(u).neg();
  return f.second.mul(rest).sub(f.first.mul(u.exp())).mul(rest).mul(tangents);
}

at::Tensor squared_error_curvature(const at::Tensor& logits, const at::Tensor& labels,
                                   const at::Tensor& tangents) {
  const at::Tensor p = logits.tanh(), of_tanh = p.square().neg().add(1);
  return of_tanh.sub(p.sub(labels).mul(p), 2).mul(of_tanh).mul(2).mul(tangents);
}

at::Tensor concordance_curvature(const at::Tensor& logits, const TaskTargets& targets,
                                 const at::Tensor& tangents) {
  const at::Tensor known = known_elements(logits, targets);
  const at::Tensor share = row_shares(known, targets);
  const at::Tensor p = logits.to(at::kDouble).tanh(), of_tanh = p.square().neg().add(1);
  const at::Tensor moved = of_tanh.mul(tangents.to(at::kDouble));  // of p
  const at::Tensor labels = targets.labels.to(at::kDouble);
  const auto mean = [&](const at::Tensor& x) { return x.mul(share).sum(0); };

  const at::Tensor truth = labels.sub(mean(labels)), guess = p.sub(mean(labels));
  const at::Tensor denominator = mean(truth.square()).add(mean(guess.square()));
  const at::Tensor ccc = mean(truth.mul(p)).mul(2).div(denominator);
  const at::Tensor denominator_moved = mean(guess.mul(moved)).mul(2);
  const at::Tensor ccc_moved =
      mean(truth.mul(moved)).mul(2).sub(ccc.mul(denominator_moved)).div(denominator);

  // d loss / d p is -part with the factor share / denominator; half of 2 dimensions cancels the 2.
  const at::Tensor part = truth.sub(ccc.mul(guess));
  const at::Tensor part_moved = ccc_moved.mul(guess).add(ccc.mul(moved)).neg();
  const at::Tensor slope_moved = part.mul(denominator_moved).div(denominator).sub(part_moved);
  const at::Tensor sum = slope_moved.mul(of_tanh).add(part.mul(p).mul(moved), 2);
  const at::Tensor result = sum.mul(share).div(denominator);
  return at::where(known.logical_and(denominator.gt(0)), result, 0.).to(logits.scalar_type());
}

}  // namespace mien
