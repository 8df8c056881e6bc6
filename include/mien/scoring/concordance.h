// The concordance correlation coefficient (Lin 1989), from moments that add up over videos.
#pragma once

#include <cstdint>
#include <span>

#include "mien/data/labels.h"

namespace mien {

/// Counts, means and central moments of (truth, prediction) pairs, in double. Single values are
/// added by Welford's update, sets are joined by Chan, Golub and LeVeque's: a large mean costs no
/// digits.
class Concordance {
 public:
  void add(double truth, double prediction);
  /// Adds `times` copies of `other`.
  void merge(const Concordance& other, std::int64_t times = 1);

  std::int64_t count() const { return count_; }

  /// 2 cov / (var + var + (mean - mean)^2), population moments. 0 where it is undefined: without
  /// values, or when both sides are one and the same constant.
  double ccc() const;
  bool defined() const;

  /// Pearson's correlation; 0 where it is undefined.
  double pearson() const;

  /// Of prediction minus truth, squared; 0 without values.
  double mean_squared_error() const;

  /// Of prediction minus truth without its sign; 0 without values.
  double mean_absolute_error() const;

 private:
  double denominator() const;

  std::int64_t count_ = 0;
  double mean_truth_ = 0, mean_prediction_ = 0;
  double absolute_errors_ = 0;                                        ///< sum
  double squares_truth_ = 0, squares_prediction_ = 0, products_ = 0;  ///< sums about the means
};

/// Mean CCC of a task's outputs: over all of them where rows that are not known as a whole are
/// dropped (the challenge's rule), else over those with a known label; 0 without any.
double mean_ccc(std::span<const Concordance> outputs, PartlyKnown policy);

}  // namespace mien
