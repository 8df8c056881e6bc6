// Labels of random batches.
#pragma once

#include <cstdint>

#include "head/small_heads.h"
#include "mien/objective/targets.h"

namespace mien::testing {

/// Labels of `rows` rows, with a mask unless `all_valid`.
inline TaskTargets expr_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = Task::kExpr};
  targets.labels = random_tensor({rows}, seed).mul(10).abs().remainder(8).to(at::kLong);
  if (all_valid) return targets;
  targets.valid = random_tensor({rows}, seed + 1).gt(-.5);
  return targets;
}

inline TaskTargets au_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = Task::kAu};
  targets.labels = random_tensor({rows, 12}, seed).gt(0).to(at::kDouble);
  if (all_valid) return targets;
  targets.valid = random_tensor({rows, 12}, seed + 1).gt(0);
  return targets;
}

}  // namespace mien::testing
