// Confidence intervals from whole videos drawn with replacement: frames of one video are far from
// independent, so frames are never drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace mien {

struct Interval {
  double low = 0, high = 0;
};

struct BootstrapOptions {
  std::int64_t draws = 2000;  ///< 0: no interval
  std::uint64_t seed = 5;
};

/// How often each video is in each draw: [draws][videos], every row sums to `videos`. A function
/// of the seed and the number of videos only, on every platform (the draws of a smaller number are
/// the first ones of a larger number), so two runs scored on the same videos are compared on the
/// same draws.
std::vector<std::vector<std::int32_t>> bootstrap_multiplicities(std::size_t videos,
                                                                const BootstrapOptions& options);

/// Several numbers (a mean and its parts, say) of the data in which video v counts
/// `multiplicities[v]` times. Always gives equally many; NaN for one that these data cannot tell.
using Statistics = std::function<std::vector<double>(std::span<const std::int32_t> multiplicities)>;

/// One number of a Statistics with its interval.
struct Estimate {
  double value = 0;                  ///< every video once
  std::optional<Interval> interval;  ///< 95 %, bias-corrected; none without draws
};

/// What every draw gives. For a paired comparison let `statistics` give the difference of two runs'
/// numbers.
struct BootstrapSample {
  std::vector<double> values;              ///< [numbers] every video once
  std::vector<std::vector<double>> draws;  ///< [numbers][draws]

  Estimate estimate(std::size_t number) const;
  /// Share of the draws above 0, those that are 0 count half; nothing without draws. Of a
  /// difference: the probability that the first of two runs is the better one on other videos.
  std::optional<double> probability_positive(std::size_t number) const;
};

BootstrapSample bootstrap_sample(std::size_t videos, const Statistics& statistics,
                                 const BootstrapOptions& options);

/// Every number of `statistics` with its interval, all from the same draws.
std::vector<Estimate> bootstrap(std::size_t videos, const Statistics& statistics,
                                const BootstrapOptions& options);

/// The bias-corrected (BC) percentile interval (Efron 1981; Efron and Tibshirani 1993, 14.3 with
/// a = 0): with z0 = Phi^-1(share of draws below the estimate, equal ones count half), the
/// quantiles Phi(2 z0 -+ 1.96) of the draws, linear between order statistics. A share of 0 or 1,
/// whose z0 is infinite, counts as half a draw from there. Equal draws give that value twice: one
/// video has an interval of no width. Draws that are NaN do not count, and where all others are
/// equal then, one unit alone tells the number: no interval. No draws, no interval.
std::optional<Interval> bias_corrected_interval(double estimate, std::vector<double> draws);

}  // namespace mien
