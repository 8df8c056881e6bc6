// Which rows make a step.
#pragma once

#include <cstdint>
#include <vector>

namespace mien {

struct Dataset;

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

/// Which rows an epoch goes through, in their order: a function of seed and epoch.
class RowOrder {
 public:
  RowOrder(std::int64_t rows, bool shuffle, std::uint64_t seed)
      : rows_(rows), shuffle_(shuffle), seed_(seed) {}

  /// From now on as many rows, drawn from each cell equally often (to within one). Within a cell
  /// every row comes once before one comes again. Empty cells are left out.
  void balance(std::vector<std::vector<std::int64_t>> cells);

  std::vector<std::int64_t> order(std::int64_t epoch) const;

 private:
  std::int64_t rows_;
  bool shuffle_;
  std::uint64_t seed_;
  std::vector<std::vector<std::int64_t>> cells_;
};

/// The cells of a balanced epoch: the rows of each class of each task of classes; of each binary
/// task the rows with each output positive, and those that are known to have none. A row may be in
/// several.
std::vector<std::vector<std::int64_t>> balance_cells(const Dataset& data);

}  // namespace mien
