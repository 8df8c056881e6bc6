// Conditional value at risk of a batch's losses: the mean of the worst share.
#pragma once

#include <ATen/core/Tensor.h>

namespace mien {

/// Upper-tail CVaR at level `alpha` in (0, 1] of n losses l (Rockafellar and Uryasev, 2000):
///     min over t of  t + 1/(alpha n) * sum_i max(l_i - t, 0).
/// In closed form, with m = alpha n, k = floor(m) and losses sorted from the largest, it is
/// sum(weights * losses) with the weights 1/m for the first k, (m - k)/m for the next one and 0
/// for the rest. Equal losses keep their order (stable sort). alpha = 1 is the mean, m <= 1 the
/// maximum. The weights are the gradient. Nothing waits for the device.
struct CvarWeights {
  at::Tensor weights;  ///< shape and dtype of the losses; 0 where not valid
  at::Tensor level;    ///< the smallest loss with a positive weight; 0 without a valid loss
};

/// Of all `losses`, whatever their shape; `valid` bool of the same shape, undefined: all are.
/// `level` is a scalar. What is not valid may be infinite or NaN. n = 0 gives weights of 0.
CvarWeights cvar_weights(const at::Tensor& losses, const at::Tensor& valid, double alpha);

/// Of each column of `losses` [n, C] by itself; `level` [C].
CvarWeights cvar_weights_by_column(const at::Tensor& losses, const at::Tensor& valid, double alpha);

/// The sum of all values, a scalar. On the CPU by pieces that one thread each adds up: the sum of
/// many values at once depends on how many threads share them.
at::Tensor sum_of_all(const at::Tensor& values);

/// sum(weights * values), a scalar, without what has no weight: it may be infinite or NaN.
at::Tensor weighted_sum(const at::Tensor& weights, const at::Tensor& values);

/// The CVaR itself, a scalar.
at::Tensor cvar(const at::Tensor& losses, const at::Tensor& valid, double alpha);

}  // namespace mien
