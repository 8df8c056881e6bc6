// A moving average of the weights, which is validated beside them.
#pragma once

#include <cstdint>

#include "mien/head/head.h"

namespace mien {

/// Exponential moving average over the steps (Polyak and Juditsky, 1992, with forgetting), with its
/// start corrected as Adam's moments are (Kingma and Ba, 2015): after step t
///     average = sum over s <= t of d^(t-s) w_s / sum over s <= t of d^(t-s),
/// kept up as average += (1 - d) / (1 - d^t) (w_t - average). The initial weights have no part in
/// it. BatchNorm's running means and variances are averaged alike, which stands in for the pass
/// over the training rows that would measure those of the averaged weights.
class WeightAverage {
 public:
  /// `decay` d in (0, 1). Of a head of `shape`, in fp32 on `device`.
  WeightAverage(double decay, const HeadShape& shape, at::Device device);

  /// Takes in the weights that step `steps` (1-based, over the whole training) led to.
  void add(Head& weights, std::int64_t steps);

  /// Zero before the first add().
  Head& head() { return head_; }

 private:
  double decay_;
  Head head_;
};

}  // namespace mien
