#include "step/weight_average.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

namespace mien {

WeightAverage::WeightAverage(double decay, const HeadShape& shape, at::Device device)
    : decay_(decay), head_(shape, at::kFloat, device) {}

void WeightAverage::add(Head& weights, std::int64_t steps) {
  const at::NoGradGuard guard;
  const double share = (1 - decay_) / (1 - std::pow(decay_, static_cast<double>(steps)));
  head_.parameters().lerp_(weights.parameters(), share);
  head_.statistics().lerp_(weights.statistics(), share);
}

}  // namespace mien
