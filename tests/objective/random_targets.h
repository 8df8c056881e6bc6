// Labels of random batches.
#pragma once

#include <cstdint>

#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "mien/objective/targets.h"

namespace mien::testing {

/// Labels of `rows` rows, with a mask unless `all_valid`.
inline TaskTargets expr_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = expr_task()};
  targets.labels = random_tensor({rows}, seed).mul(10).abs().remainder(8).to(at::kLong);
  if (all_valid) return targets;
  targets.valid = random_tensor({rows}, seed + 1).gt(-.5);
  return targets;
}

inline TaskTargets au_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = au_task()};
  targets.labels = random_tensor({rows, 12}, seed).gt(0).to(at::kDouble);
  if (all_valid) return targets;
  targets.valid = random_tensor({rows, 12}, seed + 1).gt(0);
  return targets;
}

inline TaskTargets va_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = va_task()};
  targets.labels = random_tensor({rows, 2}, seed).mul(.4).clamp(-1, 1);
  if (all_valid) return targets;
  targets.valid = random_tensor({rows}, seed + 1).gt(-.3);
  targets.labels = targets.labels.mul(targets.valid.unsqueeze(1));
  return targets;
}

inline TaskTargets targets_of(Task task, std::int64_t rows, std::uint32_t seed, bool all_valid) {
  const auto make = task == expr_task() ? expr_targets
                    : task == au_task() ? au_targets
                                        : va_targets;
  return make(rows, seed, all_valid);
}

}  // namespace mien::testing
