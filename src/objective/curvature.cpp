#include "mien/objective/curvature.h"

#include <ATen/ops/expm1.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

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

}  // namespace mien
