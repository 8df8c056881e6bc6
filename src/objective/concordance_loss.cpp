#include <ATen/ops/ones_like.h>
#include <ATen/ops/tanh.h>

#include <limits>

#include "mien/objective/losses.h"
#include "row_shares.h"

namespace mien {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Of the known values of each column. Taken from the largest one, so that a constant column has
/// deviations of exactly 0: rounding, divided by its own square, would be an enormous gradient.
struct Moments {
  at::Tensor mean;    ///< [K]
  at::Tensor off;     ///< [B, K] deviations from it, 0 where not known
  at::Tensor varies;  ///< bool [K]

  Moments(const at::Tensor& values, const at::Tensor& known, const at::Tensor& share) {
    const at::Tensor unknown = known.logical_not();
    const at::Tensor largest = values.masked_fill(unknown, -kInfinity).amax(0);
    const at::Tensor smallest = values.masked_fill(unknown, kInfinity).amin(0);
    const at::Tensor shifted = values.sub(largest).masked_fill(unknown, 0);
    const at::Tensor shift = shifted.mul(share).sum(0);
    mean = largest.add(shift);
    off = shifted.sub(shift).masked_fill(unknown, 0);
    varies = largest.le(smallest).logical_not();  // a NaN is no reason to look away
  }
};

}  // namespace

LossValues squared_error(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor predicted = logits.tanh();
  const at::Tensor off = predicted.sub(labels);
  return {off.square(), off.mul(predicted.square().neg().add(1)).mul(2)};
}

BatchLoss concordance_loss(const at::Tensor& logits, const TaskTargets& targets) {
  const at::Tensor known = known_elements(logits, targets);
  const at::Tensor count = known.sum(0, /*keepdim=*/true, at::kDouble);
  const at::Tensor share = row_shares(known, targets);
  const at::Tensor predicted = logits.to(at::kDouble).tanh();
  const Moments truth(targets.labels.to(at::kDouble), known, share), guess(predicted, known, share);

  const at::Tensor apart = guess.mean.sub(truth.mean);
  const at::Tensor squares = truth.off.square().add(guess.off.square()).mul(share).sum(0);
  const at::Tensor denominator = squares.add(apart.square());
  const at::Tensor covariance = truth.off.mul(guess.off).mul(share).sum(0);
  const at::Tensor ccc = covariance.mul(2).div(denominator);

  const at::Tensor slope = truth.off.sub(guess.off.add(apart).mul(ccc)).mul(share).div(denominator);
  const at::Tensor of_tanh = predicted.square().neg().add(1);
  const auto dimensions = static_cast<double>(logits.size(1));
  const at::Tensor useless =
      truth.varies.logical_or(guess.varies).logical_and(count.ge(2)).squeeze(0).logical_not();
  const at::Tensor gradient = slope.mul(of_tanh).mul(-2 / dimensions);
  return {
      ccc.neg().add(1).masked_fill(useless, 0).mean().to(logits.scalar_type()),
      gradient.masked_fill(useless.logical_or(known.logical_not()), 0).to(logits.scalar_type())};
}

}  // namespace mien
