#include "mien/objective/losses.h"

#include <ATen/ops/expm1.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros_like.h>

namespace mien {
namespace {

/// A loss as a function of the log-probability of the label.
struct OfLogProbability {
  at::Tensor losses;
  at::Tensor slopes;  ///< d loss / d log p
};

/// -(1 - p)^gamma log p. log p / (1 - p) tends to -1 where p is one.
OfLogProbability focal_loss(const at::Tensor& log_p, double gamma) {
  const at::Tensor rest = at::expm1(log_p).neg();
  const at::Tensor ratio = log_p.div(rest).masked_fill(rest.le(0), -1);
  const at::Tensor factor = rest.pow(gamma);
  return {factor.mul(log_p).neg(), log_p.exp().mul(ratio).mul(gamma).sub(1).mul(factor)};
}

LossValues smoothed(const at::Tensor& log_p, const at::Tensor& one_hot, const at::Tensor& log_p_t,
                    double smoothing) {
  LossValues values = {log_p_t.mul(smoothing - 1), log_p.exp().sub(one_hot, 1 - smoothing)};
  if (smoothing == 0) return values;
  values.losses = values.losses.sub(log_p.mean(1), smoothing);
  values.slopes = values.slopes.sub(smoothing / static_cast<double>(log_p.size(1)));
  return values;
}

}  // namespace

LossValues cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                         const CrossEntropyOptions& options) {
  const at::Tensor& offsets = options.logit_offsets;
  const at::Tensor log_p = at::log_softmax(offsets.defined() ? logits.add(offsets) : logits, 1);
  const at::Tensor column = labels.unsqueeze(1);
  const at::Tensor log_p_t = log_p.gather(1, column).squeeze(1);
  const at::Tensor one_hot = at::zeros_like(log_p).scatter(1, column, 1);
  LossValues values;
  if (options.focal > 0) {
    const OfLogProbability focal = focal_loss(log_p_t, options.focal);
    values = {focal.losses, one_hot.sub(log_p.exp()).mul(focal.slopes.unsqueeze(1))};
  } else {
    values = smoothed(log_p, one_hot, log_p_t, options.label_smoothing);
  }
  if (!options.class_weights.defined()) return values;
  const at::Tensor weights = options.class_weights.index_select(0, labels);
  return {values.losses.mul(weights), values.slopes.mul(weights.unsqueeze(1))};
}

LossValues binary_cross_entropy(const at::Tensor& logits, const at::Tensor& labels, double focal) {
  const at::Tensor sign = labels.mul(2).sub(1);
  const at::Tensor towards = logits.mul(sign);
  const at::Tensor log_p_t = at::log_sigmoid(towards);
  const at::Tensor slope_of_log = at::sigmoid(towards.neg()).mul(sign);
  if (focal == 0) return {log_p_t.neg(), slope_of_log.neg()};
  const OfLogProbability values = focal_loss(log_p_t, focal);
  return {values.losses, values.slopes.mul(slope_of_log)};
}

}  // namespace mien
