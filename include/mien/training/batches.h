// Which rows make a step.
#pragma once

#include <cstdint>
#include <vector>

namespace mien {

/// A batch is order[begin, end).
struct BatchRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Consecutive ranges of `batch_size`; the last one is smaller, or, when it would hold a single
/// row (BatchNorm needs two), joins the one before it. `rows` >= 2.
std::vector<BatchRange> batch_ranges(std::int64_t rows, std::int64_t batch_size);

/// 0 ... rows-1, shuffled by (seed, epoch) when `shuffle`: the same on every platform.
std::vector<std::int64_t> row_order(std::int64_t rows, bool shuffle, std::uint64_t seed,
                                    std::int64_t epoch);

}  // namespace mien
