#include "mien/training/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace mien {
namespace {

std::vector<std::pair<std::int64_t, std::int64_t>> ranges(std::int64_t rows, std::int64_t size) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (const BatchRange& range : batch_ranges(rows, size)) {
    pairs.emplace_back(range.begin, range.end);
  }
  return pairs;
}

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

TEST(BatchRanges, TheLastBatchIsSmaller) {
  EXPECT_EQ(ranges(10, 4), (Pairs{{0, 4}, {4, 8}, {8, 10}}));
  EXPECT_EQ(ranges(8, 4), (Pairs{{0, 4}, {4, 8}}));
  EXPECT_EQ(ranges(3, 512), (Pairs{{0, 3}}));
}

TEST(BatchRanges, ALastSingleRowJoinsTheBatchBeforeIt) {
  EXPECT_EQ(ranges(9, 4), (Pairs{{0, 4}, {4, 9}}));
  EXPECT_EQ(ranges(5, 4), (Pairs{{0, 5}}));
  EXPECT_EQ(ranges(3, 2), (Pairs{{0, 3}}));
}

TEST(BatchRanges, CoverEveryRowOnceAndNeverHoldASingleOne) {
  for (std::int64_t rows = 2; rows < 60; ++rows) {
    for (std::int64_t size = 2; size < 70; ++size) {
      std::int64_t at = 0;
      for (const BatchRange& range : batch_ranges(rows, size)) {
        EXPECT_EQ(range.begin, at);
        EXPECT_GE(range.end - range.begin, 2);
        EXPECT_LE(range.end - range.begin, size + 1);
        at = range.end;
      }
      EXPECT_EQ(at, rows);
    }
  }
}

TEST(RowOrder, IsTheRowsThemselvesWithoutShuffle) {
  const auto order = row_order(100, false, 5, 3);
  std::vector<std::int64_t> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(RowOrder, IsAPermutationOfSeedAndEpoch) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    const std::int64_t rows = 2 + random() % 300, epoch = random() % 40;
    const std::uint64_t seed = random();
    auto order = row_order(rows, true, seed, epoch);
    EXPECT_EQ(row_order(rows, true, seed, epoch), order);
    std::ranges::sort(order);
    EXPECT_EQ(order, row_order(rows, false, 0, 0));
  }
  const auto order = row_order(100, true, 5, 3);
  EXPECT_NE(row_order(100, true, 5, 4), order);
  EXPECT_NE(row_order(100, true, 6, 3), order);
  EXPECT_NE(row_order(100, true, 5 + (1ULL << 32), 3), order);
  EXPECT_NE(order, row_order(100, false, 0, 0));
}

TEST(RowOrder, PutsEveryRowEverywhereEquallyOften) {
  constexpr std::int64_t kRows = 5, kEpochs = 5000;
  std::vector<std::vector<int>> counts(kRows, std::vector<int>(kRows));
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const auto order = row_order(kRows, true, 1, epoch);
    for (std::size_t place = 0; place < order.size(); ++place) {
      ++counts[place][static_cast<std::size_t>(order[place])];
    }
  }
  for (const auto& of_place : counts) {
    for (const int count : of_place) EXPECT_NEAR(count, kEpochs / kRows, 150);  // 5 deviations
  }
}

}  // namespace
}  // namespace mien
