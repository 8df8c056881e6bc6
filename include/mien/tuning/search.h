// Searches for one number at a time, exact: the F1 as a function of a threshold, a class's bias or
// a blending weight is a step function, so its breakpoints are sorted and swept with the counts
// kept up to date, O(n log n) a sweep, and no grid is laid over it.
//
// A step is taken only for a gain above `min_gain` (noise is not worth a change), of equally good
// intervals the one nearest to the present value, and in it the middle between two scores.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

struct SearchOptions {
  double min_gain = 1e-4;  ///< of the F1 (an output's own, or the mean over classes)
  int passes = 8;          ///< over the coordinates, at most
};

struct Threshold {
  double value = 0.5;  ///< positive when score >= value
  double f1 = 0;
};

/// The threshold with the largest F1 of the positive class. `truth` [n] 0 or 1.
Threshold best_threshold(std::span<const float> scores, std::span<const std::uint8_t> truth,
                         const SearchOptions& options);

struct ClassBias {
  double value = 0;
  double f1 = 0;  ///< mean over all classes
};

/// The bias of class `label` with the largest macro F1 while `bias` [C] keeps the other classes.
/// `log_p` [n, C], `truth` [n] classes; the decision is the argmax of log_p + bias.
ClassBias best_class_bias(std::span<const double> log_p, std::span<const std::uint8_t> truth,
                          std::span<const double> bias, std::size_t label,
                          const SearchOptions& options);

/// Coordinate search from `start` [C] until no class's bias brings min_gain.
std::vector<double> fit_class_biases(std::span<const double> log_p,
                                     std::span<const std::uint8_t> truth, std::vector<double> start,
                                     const SearchOptions& options);

/// What a blend is chosen on: probabilities of each run at the same rows.
struct BlendRows {
  Task task;
  std::vector<std::vector<float>> runs;  ///< a run each, [n, score_columns]
  std::vector<double> truth;             ///< [n, label_columns], kUnknown where nobody said
  std::vector<double> levels;            ///< class biases, thresholds per output; empty: none, .5
  std::vector<bool> in_mean;             ///< the outputs that count (TaskCounts::in_mean)
  std::vector<double> start;             ///< weights to begin with too; empty: none
};

/// Weights on the simplex by coordinate search: one run's share against the others' present blend,
/// classes and binary outputs exactly (a bias is a factor of a probability, so a row's scores stay
/// lines in the share), continuous values by golden section. Starts at the best of the single runs,
/// the even blend and `rows.start`.
std::vector<double> fit_blend(const BlendRows& rows, const SearchOptions& options);

}  // namespace mien
