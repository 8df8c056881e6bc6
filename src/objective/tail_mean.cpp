#include "mien/objective/tail_mean.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>

namespace mien {

std::vector<double> upper_tail_means(std::vector<double> losses, std::span<const double> levels) {
  std::vector<double> means(levels.size());
  if (losses.empty()) return means;
  auto end = losses.end();  // the largest losses are before it
  double above = 1;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!(levels[i] > 0 && levels[i] <= above)) {
      throw std::invalid_argument("upper_tail_means: levels in (0, 1], descending");
    }
    above = levels[i];
    const double m = levels[i] * static_cast<double>(losses.size());
    const auto next = losses.begin() + static_cast<std::ptrdiff_t>(m);
    double sum = 0;
    if (next < end) {
      std::nth_element(losses.begin(), next, end, std::greater<>());
      sum = (m - std::floor(m)) * *next;
      end = next + 1;
    }
    means[i] = std::accumulate(losses.begin(), next, sum) / m;
  }
  return means;
}

}  // namespace mien
