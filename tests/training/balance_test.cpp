// Which rows a balanced epoch goes through.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "expectations.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/training/batches.h"
#include "mien/training/trainer.h"
#include "training/small_data.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::frames_up_to;
using testing::labels_of;
using testing::random_dataset;
using testing::TemporaryFolder;
using Cells = std::vector<std::vector<std::int64_t>>;

/// Row ranges of these sizes, one after the other.
Cells cells_of(const std::vector<std::int64_t>& sizes) {
  Cells cells;
  std::int64_t next = 0;
  for (const std::int64_t size : sizes) {
    auto& cell = cells.emplace_back();
    for (std::int64_t i = 0; i < size; ++i) cell.push_back(next++);
  }
  return cells;
}

RowOrder balanced(const std::vector<std::int64_t>& sizes, std::uint64_t seed = 5) {
  std::int64_t rows = 0;
  for (const std::int64_t size : sizes) rows += size;
  RowOrder order(rows, true, seed);
  order.balance(cells_of(sizes));
  return order;
}

std::map<std::int64_t, std::int64_t> counts_of(const std::vector<std::int64_t>& order) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const std::int64_t row : order) ++counts[row];
  return counts;
}

/// How often the rows of each cell are there.
std::vector<std::int64_t> shares_of(const std::vector<std::int64_t>& order, const Cells& cells) {
  const auto counts = counts_of(order);
  std::vector<std::int64_t> shares;
  for (const auto& cell : cells) {
    std::int64_t& share = shares.emplace_back();
    for (const std::int64_t row : cell) share += counts.contains(row) ? counts.at(row) : 0;
  }
  return shares;
}

TEST(BalancedOrder, DrawsFromEveryCellEquallyOften) {
  const std::vector<std::int64_t> sizes = {90, 1, 7, 0, 4};
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    const auto order = balanced(sizes).order(epoch);
    EXPECT_EQ(order.size(), 102U) << "as many rows as there are";
    const auto shares = shares_of(order, cells_of(sizes));
    EXPECT_EQ(shares[3], 0) << "nothing comes out of nothing";
    for (const std::size_t cell : {0, 1, 2, 4}) {
      EXPECT_TRUE(shares[cell] == 25 || shares[cell] == 26) << shares[cell];
    }
  }
}

TEST(BalancedOrder, TheRemainderGoesRound) {
  std::map<std::int64_t, int> with_more;
  for (std::int64_t epoch = 0; epoch < 400; ++epoch) {
    const auto shares = shares_of(balanced({3, 3, 1}).order(epoch), cells_of({3, 3, 1}));
    for (std::size_t c = 0; c < 3; ++c) with_more[static_cast<std::int64_t>(c)] += shares[c] == 3;
  }
  for (const auto& [cell, count] : with_more) EXPECT_NEAR(count, 400 / 3., 50) << cell;
}

TEST(BalancedOrder, TakesEveryRowOfACellBeforeOneComesAgain) {
  const std::vector<std::int64_t> sizes = {60, 7, 2};
  const auto counts = counts_of(balanced(sizes).order(3));
  for (const auto& cell : cells_of(sizes)) {
    std::int64_t least = 1000, most = 0;
    for (const std::int64_t row : cell) {
      const std::int64_t count = counts.contains(row) ? counts.at(row) : 0;
      least = std::min(least, count);
      most = std::max(most, count);
    }
    EXPECT_LE(most - least, 1) << cell.size();
  }
}

TEST(BalancedOrder, IsAFunctionOfSeedAndEpoch) {
  const std::vector<std::int64_t> sizes = {30, 5, 9};
  const auto order = balanced(sizes).order(3);
  EXPECT_EQ(balanced(sizes).order(3), order);
  EXPECT_NE(balanced(sizes).order(4), order);
  EXPECT_NE(balanced(sizes, 6).order(3), order);
  const RowOrder once = balanced(sizes);
  once.order(0);
  EXPECT_EQ(once.order(3), order) << "an epoch does not depend on those before it";
}

TEST(BalancedOrder, MixesTheCells) {
  const auto order = balanced({50, 50}).order(0);
  std::int64_t changes = 0;
  for (std::size_t i = 1; i < order.size(); ++i) changes += (order[i] < 50) != (order[i - 1] < 50);
  EXPECT_GT(changes, 25);
}

TEST(BalancedOrder, WithoutCellsIsTheOrdinaryOne) {
  RowOrder order(40, true, 5);
  EXPECT_EQ(order.order(2), row_order(40, true, 5, 2));
  order.balance({{}, {}});
  EXPECT_EQ(order.order(2), row_order(40, true, 5, 2));
}

TEST(BalanceCells, AreClassesPositivesAndRowsWithoutAny) {
  const Task mood("mood", TaskKind::kClasses, {"sad", "happy", "never"});
  const Task units("units", TaskKind::kBinary, {"smile", "frown"});
  const double none = kUnknown;
  BankFolder folder(2);
  folder.add("a", frames_up_to(6));
  const auto set = [](const Task& task, std::vector<double> values) {
    LabelSet labels = labels_of(task, {{.video = "a", .frames = frames_up_to(6)}});
    labels.videos[0].values = std::move(values);
    labels.partly_known = PartlyKnown::kMaskValue;
    return labels;
  };
  const Dataset data =
      load_dataset({folder.bank()},
                   {set(mood, {0, 1, 0, none, 1, 1}), set(va_task(), std::vector<double>(12, .5)),
                    set(units, {1, 1, 0, 0, none, 0, none, none, 1, none, 0, 1})},
                   "cpu");
  EXPECT_EQ(balance_cells(data), (Cells{{0, 2}, {1, 4, 5}, {}, {0, 4}, {0, 5}, {1, 2}}));
}

class BalancedTraining : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_verbosity(log::Verbosity::kQuiet); }

  std::string weights_after(const std::filesystem::path& run, std::int64_t epochs, bool resume,
                            const std::string& sampler = "balanced") {
    TrainOptions options;
    options.tasks = {expr_task(), au_task()};
    options.head = {.layers = 1, .width = 6, .dropout = .4};
    options.epochs = epochs;
    options.batch_size = 8;
    options.schedule = {.kind = "constant", .warmup_epochs = 0};
    options.sampler = sampler;
    HeadMetadata metadata;
    metadata.shape = HeadShape::from(options.head, 5, options.tasks);
    std::filesystem::create_directories(run);
    train(options, training_, validation_, RunFolder(run), metadata, "cpu", resume);
    return read_text(run / "last.safetensors");
  }

  Dataset training_ = random_dataset(5, 50, 1);
  Dataset validation_ = random_dataset(5, 30, 2);
};

TEST_F(BalancedTraining, ResumedIsBitForBitTheWhole) {
  const TemporaryFolder whole, cut, shuffled;
  const std::string expected = weights_after(whole.path(), 6, false);
  weights_after(cut.path(), 2, false);
  EXPECT_TRUE(weights_after(cut.path(), 6, true) == expected);
  EXPECT_FALSE(weights_after(shuffled.path(), 6, false, "shuffle") == expected);
}

}  // namespace
}  // namespace mien
