// The median of a window that slides, at a cost that does not depend on the window.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mien {

/// Medians of values[max(0, i-h) .. min(n-1, i+h)]; of an even number the mean of the middle two.
std::vector<double> sliding_median(std::span<const double> values, std::size_t half_window);

}  // namespace mien
