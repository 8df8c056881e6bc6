// Upper-tail CVaR of losses that are known: what the objective minimises, measured on any data.
#pragma once

#include <span>
#include <vector>

namespace mien {

/// CVaR (numerics.md) of `losses` at each of `levels`, in (0, 1] and descending: with m = level * n
/// and k = floor(m), (the sum of the k largest + (m - k) * the next one) / m. Level 1 is the mean,
/// m <= 1 the maximum. Linear in n. Zeros when there are no losses; throws std::invalid_argument
/// for levels out of range or order.
std::vector<double> upper_tail_means(std::vector<double> losses, std::span<const double> levels);

}  // namespace mien
