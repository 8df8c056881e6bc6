// How far probabilities can be taken at their word.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mien {

inline constexpr std::size_t kReliabilityBins = 15;

/// Probabilities in [i/15, (i+1)/15), the last bin closed.
struct ReliabilityBin {
  std::int64_t count = 0;
  double mean_probability = 0;  ///< 0 in an empty bin
  double share = 0;             ///< of the events that happened; 0 in an empty bin
};

/// Expected calibration error over equal-width bins: the mean of |share - mean probability|,
/// weighted by the bins' counts (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017).
class Reliability {
 public:
  /// An event of the given probability, in [0, 1], and whether it happened.
  void add(double probability, bool happened);

  std::int64_t count() const;
  ReliabilityBin bin(std::size_t index) const;
  double ece() const;  ///< 0 when nothing was added

 private:
  std::array<std::int64_t, kReliabilityBins> counts_{}, happened_{};
  std::array<double, kReliabilityBins> probabilities_{};
};

}  // namespace mien
