#include "mien/scoring/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mien {

void Reliability::add(double probability, bool happened) {
  const double place = probability * static_cast<double>(kReliabilityBins);
  const auto index = std::min(static_cast<std::size_t>(place), kReliabilityBins - 1);
  ++counts_[index];
  happened_[index] += happened ? 1 : 0;
  probabilities_[index] += probability;
}

std::int64_t Reliability::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

ReliabilityBin Reliability::bin(std::size_t index) const {
  const std::int64_t count = counts_.at(index);
  if (count == 0) return {};
  const auto n = static_cast<double>(count);
  return {count, probabilities_[index] / n, static_cast<double>(happened_[index]) / n};
}

double Reliability::ece() const {
  const std::int64_t all = count();
  if (all == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < kReliabilityBins; ++i) {
    sum += std::abs(static_cast<double>(happened_[i]) - probabilities_[i]);
  }
  return sum / static_cast<double>(all);
}

}  // namespace mien
