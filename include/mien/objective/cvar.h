// Conditional value at risk of a batch's losses: the mean of the worst share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace mien {

/// Upper-tail CVaR at level `alpha` in (0, 1] of n losses l (Rockafellar and Uryasev, 2000):
///     min over t of  t + 1/(alpha n) * sum_i max(l_i - t, 0).
/// In closed form, with m = alpha n, k = floor(m) and losses sorted from the largest:
///     (sum of the first k + (m - k) * the next one) / m.
/// alpha = 1 is the mean, m <= 1 the maximum. Exact and without a search; the gradient goes
/// through the weights 1/m, (m - k)/m, 0.
///
/// `losses` [n] or more elements of which `valid` (bool, same shape; undefined: all) marks n.
/// `valid_count` is n, known on the host, so that nothing waits for the device. n = 0 gives 0.
at::Tensor cvar(const at::Tensor& losses, const at::Tensor& valid, std::int64_t valid_count,
                double alpha);

}  // namespace mien
