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
  targets.valid_counts = {rows};
  targets.valid_samples = rows;
  if (all_valid) return targets;
  targets.valid = random_tensor({rows}, seed + 1).gt(-.5);
  targets.valid_samples = targets.valid.sum().item<std::int64_t>();
  targets.valid_counts = {targets.valid_samples};
  return targets;
}

inline TaskTargets au_targets(std::int64_t rows, std::uint32_t seed, bool all_valid) {
  TaskTargets targets{.task = Task::kAu};
  targets.labels = random_tensor({rows, 12}, seed).gt(0).to(at::kDouble);
  targets.valid_counts.assign(12, rows);
  targets.valid_samples = rows;
  if (all_valid) return targets;
  targets.valid = random_tensor({rows, 12}, seed + 1).gt(0);
  for (std::int64_t au = 0; au < 12; ++au) {
    targets.valid_counts[static_cast<std::size_t>(au)] =
        targets.valid.select(1, au).sum().item<std::int64_t>();
  }
  targets.valid_samples = targets.valid.any(1).sum().item<std::int64_t>();
  return targets;
}

}  // namespace mien::testing
