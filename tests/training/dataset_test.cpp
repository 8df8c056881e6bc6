#include "mien/training/dataset.h"

#include <gtest/gtest.h>

#include <limits>

#include "expectations.h"
#include "head/small_heads.h"
#include "mien/data/challenge.h"
#include "training/small_data.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::contains;
using testing::frames_up_to;
using testing::holds;
using testing::labels_of;
using testing::random_dataset;
using testing::refusal_of;
using testing::values_of;

/// The frames of a dataset's rows, video by video.
std::vector<std::pair<std::string, std::int32_t>> rows_of(const Dataset& data) {
  std::vector<std::pair<std::string, std::int32_t>> rows;
  for (const RowSource& row : data.rows) rows.emplace_back(data.videos.at(row.video), row.frame);
  return rows;
}
using LabelValues = decltype(VideoLabels::values);
using Rows = std::vector<std::pair<std::string, std::int32_t>>;

VideoLabels expr(const std::string& video, LabelValues values) {
  return {.video = video,
          .frames = frames_up_to(static_cast<std::int32_t>(values.size())),
          .values = std::move(values)};
}

LabelValues au_row(double value) {
  return LabelValues(12, value);
}

TEST(DatasetTest, HoldsLabelledFramesThatHaveAnEmbedding) {
  BankFolder folder(3);
  folder.add("b", {1, 2, 3, 4});
  folder.add("a", {2, 4, 9});
  folder.add("c", {1});
  const auto labels = labels_of(
      expr_task(),
      {expr("a", {0, 1, 2, 3}), expr("b", {5, kUnknown, 7, 6}), expr("d", {1, 1, kUnknown})});
  const Dataset data = load_dataset({folder.bank()}, {labels}, "cpu");
  EXPECT_EQ(rows_of(data), (Rows{{"a", 2}, {"a", 4}, {"b", 1}, {"b", 3}, {"b", 4}}));
  EXPECT_EQ(values_of(data.tasks[0].labels), (std::vector<double>{1, 3, 5, 7, 6}));
  EXPECT_TRUE(data.tasks[0].all_valid);
  EXPECT_EQ(data.tasks[0].without_embedding, 4) << "a 1, a 3, d 1, d 2";
  EXPECT_EQ(data.dim(), 3);
  const Bank bank = folder.bank();
  const auto of_a = bank.open("a");
  for (std::size_t d = 0; d < 3; ++d) {
    EXPECT_EQ(values_of(data.embeddings)[3 + d], float_from_half(of_a.embeddings()[3 + d]));
  }
}

TEST(DatasetTest, TargetsKnowTheVideosOfTheirRows) {
  const Dataset data = random_dataset(3, 8, 1);
  std::vector<double> videos;
  for (const RowSource& row : data.rows) videos.push_back(row.video);
  const auto last = data.size() - 1;
  const Batch batch = data.gather({last, 0}, 0, 2, at::kFloat);
  for (std::size_t t = 0; t < data.tasks.size(); ++t) {
    EXPECT_EQ(values_of(data.all_targets()[t].videos), videos);
    EXPECT_EQ(values_of(batch.targets[t].videos), (std::vector<double>{videos.back(), videos[0]}));
    EXPECT_EQ(batch.targets[t].video_count, 2);
  }
}

TEST(DatasetTest, PutsBanksSideBySide) {
  BankFolder wide(4), narrow(2, "other");
  wide.add("a", {1, 2, 3, 5});
  narrow.add("a", {2, 3, 4, 5});
  wide.add("only-wide", {1, 2});
  const auto labels =
      labels_of(expr_task(), {expr("a", {1, 1, 1, 1, 1}), expr("only-wide", {1, 1})});
  const Dataset data = load_dataset({wide.bank(), narrow.bank()}, {labels}, "cpu");
  EXPECT_EQ(rows_of(data), (Rows{{"a", 2}, {"a", 3}, {"a", 5}}));
  EXPECT_EQ(data.dim(), 6);
  EXPECT_EQ(data.tasks[0].without_embedding, 4);
  const Bank first_bank = wide.bank(), second_bank = narrow.bank();
  const auto first = first_bank.open("a"), second = second_bank.open("a");
  const auto values = values_of(data.embeddings);
  const std::vector<std::size_t> in_first = {1, 2, 3}, in_second = {0, 1, 3};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t d = 0; d < 6; ++d) {
      const auto bits = d < 4 ? first.embeddings()[in_first[row] * 4 + d]
                              : second.embeddings()[in_second[row] * 2 + d - 4];
      EXPECT_EQ(values[row * 6 + d], float_from_half(bits));
    }
  }
}

TEST(DatasetTest, KnowsValenceAndArousalTogetherOrNotAtAll) {
  BankFolder folder(2);
  folder.add("a", {1, 2, 3, 4, 5});
  const double none = kUnknown;
  const VideoLabels va{.video = "a",
                       .frames = {1, 2, 3, 4, 6},
                       .values = {.125, -.5, none, none, none, none, -1, 1, .2, .2}};
  const Dataset alone = load_dataset({folder.bank()}, {labels_of(va_task(), {va})}, "cpu");
  EXPECT_EQ(rows_of(alone), (Rows{{"a", 1}, {"a", 4}}));
  EXPECT_TRUE(alone.tasks[0].all_valid);
  EXPECT_EQ(alone.tasks[0].without_embedding, 1);
  EXPECT_EQ(values_of(alone.tasks[0].labels), (std::vector<double>{.125, -.5, -1, 1}));
  EXPECT_EQ(alone.statistics().at(va_task()), (std::vector<double>{(.125 - 1) / 2, .25}));

  const Dataset joint = load_dataset(
      {folder.bank()},
      {labels_of(expr_task(), {expr("a", {3, 3, 3, 3, 3})}), labels_of(va_task(), {va})}, "cpu");
  ASSERT_EQ(joint.size(), 5);
  const TaskLabels& task = joint.tasks[1];
  EXPECT_EQ(values_of(task.valid.to(at::kDouble)), (std::vector<double>{1, 0, 0, 1, 0}));
  EXPECT_EQ(task.valid_host.sizes(), (std::vector<std::int64_t>{5, 1}));
  EXPECT_EQ(values_of(task.labels), (std::vector<double>{.125, -.5, 0, 0, 0, 0, -1, 1, 0, 0}));
  EXPECT_EQ(joint.statistics().at(va_task()), alone.statistics().at(va_task()));
  const auto targets = joint.gather({3, 2, 0}, 0, 3, at::kFloat).targets;
  EXPECT_EQ(values_of(targets[1].labels), (std::vector<double>{-1, 1, 0, 0, .125, -.5}));
  EXPECT_EQ(values_of(targets[1].valid.to(at::kDouble)), (std::vector<double>{1, 0, 1}));
  EXPECT_NE(joint.digest(), alone.digest());
  EXPECT_FALSE(random_dataset(3, 8, 1).statistics().contains(va_task()));
}

TEST(DatasetTest, MasksEachTaskAndEachAuOnItsOwn) {
  BankFolder folder(2);
  folder.add("a", {1, 2, 3});
  VideoLabels au{.video = "a", .frames = {1, 2, 3}};
  for (const double value : {1., kUnknown, 0.}) {
    const auto row = au_row(value);
    au.values.insert(au.values.end(), row.begin(), row.end());
  }
  au.values[24 + 3] = kUnknown;  // frame 3, the fourth AU
  const Dataset data = load_dataset(
      {folder.bank()},
      {labels_of(expr_task(), {expr("a", {kUnknown, 4, kUnknown})}), labels_of(au_task(), {au})},
      "cpu");
  ASSERT_EQ(data.size(), 3) << "any task's label will do";
  EXPECT_EQ(values_of(data.tasks[0].valid.to(at::kDouble)), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(values_of(data.tasks[0].labels), (std::vector<double>{0, 4, 0}));
  const auto valid = values_of(data.tasks[1].valid.to(at::kDouble));
  for (std::size_t i = 0; i < 36; ++i) {
    EXPECT_EQ(valid[i], i / 12 == 1 || i == 24 + 3 ? 0 : 1) << i;
  }
  const auto targets = data.gather({0, 1, 2}, 0, 3, at::kFloat).targets;
  EXPECT_TRUE(targets[0].valid.equal(data.tasks[0].valid));
  EXPECT_TRUE(targets[1].valid.equal(data.tasks[1].valid));
}

TEST(DatasetTest, GathersTheRowsOfTheOrder) {
  const Dataset data = random_dataset(3, 20, 1);
  const std::vector<std::int64_t> order = {7, 3, 3, 11, 0, 2};
  const Batch batch = data.gather(order, 1, 5, at::kDouble);
  EXPECT_EQ(batch.embeddings.scalar_type(), at::kDouble);
  ASSERT_EQ(batch.embeddings.size(0), 4);
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t row = order[static_cast<std::size_t>(i) + 1];
    EXPECT_EQ(values_of(batch.embeddings.select(0, i)), values_of(data.embeddings.select(0, row)));
    for (std::size_t t = 0; t < 2; ++t) {
      EXPECT_EQ(values_of(batch.targets[t].labels.select(0, i)),
                values_of(data.tasks[t].labels.select(0, row)));
    }
  }
  const auto all = data.all_targets();
  EXPECT_EQ(all[1].labels.size(0), data.size());
}

TEST(DatasetTest, CountsLabelsOfTheTrainingSplit) {
  BankFolder folder(2);
  folder.add("a", {1, 2, 3, 4});
  VideoLabels au{.video = "a", .frames = {1, 2, 3, 4}, .values = LabelValues(48, 0)};
  au.values[0] = 1;
  au.values[12] = kUnknown;
  const Dataset data = load_dataset(
      {folder.bank()},
      {labels_of(expr_task(), {expr("a", {0, 7, 7, kUnknown})}), labels_of(au_task(), {au})},
      "cpu");
  const ClassCounts counts = data.class_counts();
  ASSERT_EQ(counts.size(), 2U) << "in the order of the tasks";
  EXPECT_TRUE(holds(counts[0], {1, 0, 0, 0, 0, 0, 0, 2}));
  EXPECT_TRUE(counts[1].empty()) << "binary outputs have shares, not counts";
  const LabelStatistics statistics = data.statistics();
  EXPECT_TRUE(holds(statistics.at(expr_task()), {1, 0, 0, 0, 0, 0, 0, 2}));
  EXPECT_NEAR(statistics.at(au_task()).at(0), 1. / 3, 1e-15) << "among the known ones";
  EXPECT_EQ(statistics.at(au_task()).at(1), 0);
}

TEST(DatasetTest, ItsDigestTellsOtherDataApart) {
  const std::string digest = random_dataset(3, 20, 1).digest();
  EXPECT_EQ(random_dataset(3, 20, 1).digest(), digest);
  EXPECT_NE(random_dataset(3, 20, 2).digest(), digest);
  EXPECT_NE(random_dataset(3, 22, 1).digest(), digest);
}

TEST(DatasetRefusal, OfValuesThatAreNotFiniteNamesFileAndFrame) {
  for (const std::uint16_t bits : {0x7c00, 0xfc00, 0x7e00}) {
    BankFolder folder(2);
    folder.add("a", VideoRecord{.frames = {1, 2, 7}, .embeddings = {0, 0, 0, bits, 0, bits}});
    const auto with = [&](LabelValues labels) {
      return refusal_of([&] {
        load_dataset({folder.bank()}, {labels_of(expr_task(), {expr("a", std::move(labels))})},
                     "cpu");
      });
    };
    const std::string message = with({1, 1, 1, 1, 1, 1, 1});
    EXPECT_TRUE(contains(message, (folder.path() / "a.safetensors").string()));
    EXPECT_TRUE(contains(message, "frame 2 has a value that is not finite"));
    EXPECT_TRUE(contains(with({1, kUnknown, 1, 1, 1, 1, 1}), "frame 2 has a value"))
        << "a bank with such a row is refused, labelled or not";
  }
}

TEST(DatasetRefusal, OfBanksThatHoldNothingOfTheSplit) {
  BankFolder folder(2);
  folder.add("a", {1, 2});
  EXPECT_TRUE(contains(refusal_of([&] {
                         load_dataset({folder.bank()},
                                      {labels_of(expr_task(), {expr("b", {1, 2, 3})})}, "cpu");
                       }),
                       "has 0 of the labelled frames of the split"));
}

}  // namespace
}  // namespace mien
