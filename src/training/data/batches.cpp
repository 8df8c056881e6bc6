#include "mien/training/batches.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

namespace mien {

std::vector<BatchRange> batch_ranges(std::int64_t rows, std::int64_t batch_size) {
  std::vector<BatchRange> ranges;
  for (std::int64_t begin = 0; begin < rows; begin += batch_size) {
    ranges.push_back({begin, std::min(rows, begin + batch_size)});
  }
  if (ranges.size() > 1 && ranges.back().end - ranges.back().begin == 1) {
    ranges.pop_back();
    ranges.back().end = rows;
  }
  return ranges;
}

namespace {

std::mt19937_64 generator(std::uint64_t seed, std::int64_t epoch) {
  std::seed_seq key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                    static_cast<std::uint32_t>(epoch)};
  return std::mt19937_64(key);
}

/// Fisher-Yates with an explicit bounded draw: std::shuffle differs between standard libraries.
void shuffle_rows(std::vector<std::int64_t>& rows, std::mt19937_64& random) {
  for (std::size_t left = rows.size(); left > 1; --left) {
    const auto wide = static_cast<unsigned __int128>(random()) * left;
    std::swap(rows[left - 1], rows[static_cast<std::size_t>(wide >> 64)]);
  }
}

}  // namespace

std::vector<std::int64_t> row_order(std::int64_t rows, bool shuffle, std::uint64_t seed,
                                    std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (!shuffle) return order;
  std::mt19937_64 random = generator(seed, epoch);
  shuffle_rows(order, random);
  return order;
}

void RowOrder::balance(std::vector<std::vector<std::int64_t>> cells) {
  std::erase_if(cells, [](const std::vector<std::int64_t>& cell) { return cell.empty(); });
  cells_ = std::move(cells);
}

std::vector<std::int64_t> RowOrder::order(std::int64_t epoch) const {
  if (cells_.empty()) return row_order(rows_, shuffle_, seed_, epoch);
  std::mt19937_64 random = generator(seed_, epoch);
  std::vector<std::int64_t> order;
  order.reserve(static_cast<std::size_t>(rows_));
  // The epoch's rows divide evenly among the cells, the remainder goes to cells that are drawn.
  std::vector<std::int64_t> turn(cells_.size());
  std::iota(turn.begin(), turn.end(), std::int64_t{0});
  shuffle_rows(turn, random);
  const auto all = static_cast<std::size_t>(rows_);
  for (std::size_t t = 0; t < turn.size(); ++t) {
    std::vector<std::int64_t> cell = cells_[static_cast<std::size_t>(turn[t])];
    const std::size_t share = all / turn.size() + (t < all % turn.size() ? 1 : 0);
    for (std::size_t taken = 0; taken < share; ++taken) {
      if (taken % cell.size() == 0) shuffle_rows(cell, random);
      order.push_back(cell[taken % cell.size()]);
    }
  }
  shuffle_rows(order, random);
  return order;
}

}  // namespace mien
