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

std::vector<std::int64_t> row_order(std::int64_t rows, bool shuffle, std::uint64_t seed,
                                    std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (!shuffle) return order;
  // Fisher-Yates with an explicit bounded draw: std::shuffle differs between standard libraries.
  std::seed_seq key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                    static_cast<std::uint32_t>(epoch)};
  std::mt19937_64 random(key);
  for (std::size_t left = order.size(); left > 1; --left) {
    const auto wide = static_cast<unsigned __int128>(random()) * left;
    std::swap(order[left - 1], order[static_cast<std::size_t>(wide >> 64)]);
  }
  return order;
}

}  // namespace mien
