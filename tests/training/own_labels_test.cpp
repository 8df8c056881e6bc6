// Labels of people's own: partly known, weighted, and with persons that stay together.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "expectations.h"
#include "head/small_heads.h"
#include "mien/scoring/concordance.h"
#include "mien/scoring/scores.h"
#include "mien/training/inputs.h"
#include "mien/training/validate.h"
#include "training/small_data.h"

namespace mien {
namespace {

using testing::BankFolder;
using testing::contains;
using testing::frames_up_to;
using testing::holds;
using testing::initialised;
using testing::labels_of;
using testing::refusal_of;
using testing::small_shape;
using testing::TemporaryFolder;
using testing::values_of;

const double kNone = kUnknown;
const Task kMood("mood", TaskKind::kClasses, {"sad", "happy", "other"});
const Task kUnits("units", TaskKind::kBinary, {"smile", "frown", "wink"});
const Task kStars("stars", TaskKind::kContinuous, {"fun", "calm"}, {0, 10});

/// One video "a" of as many frames as `values` say.
LabelSet own(const Task& task, std::vector<double> values, std::vector<double> weights = {}) {
  const auto rows = static_cast<std::int32_t>(values.size() / label_columns(task));
  LabelSet set = labels_of(task, {{.video = "a",
                                   .frames = frames_up_to(rows),
                                   .values = std::move(values),
                                   .weights = std::move(weights)}});
  set.partly_known = PartlyKnown::kMaskValue;
  return set;
}

Dataset load(const SplitLabels& labels, std::int64_t dim = 3) {
  BankFolder folder(dim);
  folder.add("a", frames_up_to(20));
  return load_dataset({folder.bank()}, labels, "cpu");
}

TEST(PartlyKnownLabels, MaskEachOutputOnItsOwn) {
  const Dataset data = load({own(kStars, {5, kNone, kNone, 10, kNone, kNone, 0, 2.5}),
                             own(kUnits, {1, kNone, 0, kNone, kNone, kNone, 0, 0, 1, 1, 1, 1})});
  ASSERT_EQ(data.size(), 4);
  EXPECT_EQ(values_of(data.tasks[0].valid.to(at::kDouble)),
            (std::vector<double>{1, 0, 0, 1, 0, 0, 1, 1}));
  EXPECT_EQ(values_of(data.tasks[0].labels), (std::vector<double>{5, 0, 0, 10, 0, 0, 0, 2.5}));
  const auto targets = data.gather({3, 0}, 0, 2, at::kDouble).targets;
  EXPECT_EQ(values_of(targets[0].labels), (std::vector<double>{-1, -.5, 0, -1}))
      << "the range as [-1, 1]";
  EXPECT_EQ(values_of(targets[0].valid.to(at::kDouble)), (std::vector<double>{1, 1, 1, 0}));
  const LabelStatistics statistics = data.statistics();
  EXPECT_EQ(statistics.at(kStars), (std::vector<double>{2.5, 6.25}));
  EXPECT_EQ(statistics.at(kUnits), (std::vector<double>{2. / 3, .5, 2. / 3}));
}

TEST(PartlyKnownLabels, ARowNeedsOneLabelOfAnyTask) {
  const Dataset data =
      load({own(kMood, {0, kNone, kNone, 2}),
            own(kUnits, {kNone, 1, kNone, kNone, kNone, kNone, kNone, kNone, kNone, 0, 0, 0})});
  EXPECT_EQ(data.size(), 2) << "frames 2 and 3 say nothing";
  EXPECT_TRUE(holds(data.class_counts()[0], {1, 0, 1}));
}

TEST(RowWeightsOfData, HaveAMeanOfOneAndReachTheLosses) {
  const Dataset data = load({own(kMood, {0, 1, 2, 1}, {1, 3, 0, 4})});
  EXPECT_EQ(values_of(data.row_weights), (std::vector<double>{.5, 1.5, 0, 2}));
  const auto targets = data.gather({3, 1}, 0, 2, at::kFloat).targets;
  EXPECT_EQ(values_of(targets[0].weights), (std::vector<double>{2, 1.5}));
  EXPECT_EQ(values_of(data.all_targets()[0].weights), values_of(data.row_weights));
  const Dataset plain = load({own(kMood, {0, 1, 2, 1})});
  EXPECT_FALSE(plain.row_weights.defined());
  EXPECT_FALSE(plain.gather({0}, 0, 1, at::kFloat).targets[0].weights.defined());
  EXPECT_NE(plain.digest(), data.digest()) << "a resumed run must have the same weights";
}

TEST(RowWeightsOfData, OfRowsThatNoSourceWeighsAreOne) {
  const Dataset data = load({own(kMood, {0, 1, kNone, kNone}, {2, 2, 2, 2}),
                             own(kUnits, {0, 0, 0, kNone, 1, 1, kNone, 1, 1, 1, 1, 1})});
  EXPECT_EQ(values_of(data.row_weights), (std::vector<double>{1, 1, 1, 1}));
  const Dataset two = load({own(kMood, {0, 1}, {3, 3}), own(kUnits, std::vector<double>(12, 1))});
  EXPECT_EQ(values_of(two.row_weights), (std::vector<double>{1.5, 1.5, .5, .5}));
  EXPECT_TRUE(contains(refusal_of([] { load({own(kMood, {0, 1}, {0, 0})}); }),
                       "weight = 0: expected rows with a weight above 0"));
}

TEST(ValidateOwnTasks, JudgesEachOutputOnTheRowsThatKnowIt) {
  std::vector<double> values;
  std::mt19937 random(3);
  for (int i = 0; i < 40; ++i) {
    values.push_back(random() % 3 == 0 ? kNone : static_cast<double>(random() % 101) / 10);
  }
  const Dataset data = load({own(kStars, values)}, 5);
  const Head head = initialised(small_shape(5, 1, 6, .5, {kStars}), 3, at::kFloat);
  const double found = validate(head, Objective({}), data).metrics.at("stars_ccc");

  const auto logits = values_of(head.forward(data.embeddings.to(at::kFloat)).front());
  const auto truth = values_of(data.tasks[0].labels);
  const auto valid = values_of(data.tasks[0].valid_host.to(at::kDouble));
  std::vector<Concordance> moments(2);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (valid[i] != 0) moments[i % 2].add(truth[i], 5 + 5 * std::tanh(logits[i]));
  }
  EXPECT_NEAR(found, (moments[0].ccc() + moments[1].ccc()) / 2, 1e-5);
  EXPECT_LT(moments[0].count(), data.size());
}

TEST(ValidateOwnTasks, LeavesOutputsWithoutAPositiveOutOfTheMean) {
  const Dataset data = load({own(kUnits, {1, 0, kNone, 1, 0, kNone, kNone, 0, 0, 1, 0, 0})});
  Head head = initialised(small_shape(3, 0, 3, 0, {kUnits}), 3, at::kFloat);
  head.parameters().zero_();  // probabilities of .5: always yes
  EXPECT_EQ(validate(head, Objective({}), data).metrics.at("units_f1"), 1)
      << "smile alone: frown and wink have no positive here";
}

/// A table of films of a few persons.
std::filesystem::path write_table(const TemporaryFolder& root, const std::string& more = "") {
  std::string text = "video,frame,mood,group\n";
  for (int v = 0; v < 12; ++v) {
    text += "v" + std::to_string(v) + ",1," + std::to_string(v % 3) + ",person" +
            std::to_string(v % 5) + "\n";
  }
  return root.write("labels.csv", text + more);
}

TEST(GroupsOfFolds, KeepPersonsTogether) {
  const TemporaryFolder root;
  const Annotations table(write_table(root, "v0,2,sad,person4\n"));
  std::set<std::string> held_out;
  for (std::int64_t fold = 0; fold < 3; ++fold) {
    const LabelSplit split = load_label_split(table, {kMood}, {.folds = 3, .fold = fold});
    EXPECT_TRUE(leaks(split).empty());
    const auto training = groups_of(split.training), validation = groups_of(split.validation);
    EXPECT_EQ(training.size() + validation.size(), 5U);
    for (const std::string& person : validation) {
      EXPECT_TRUE(held_out.insert(person).second) << person << " is held out once";
    }
  }
  EXPECT_EQ(held_out.size(), 5U);
}

TEST(GroupsOfFolds, AreFoundInNames) {
  const TemporaryFolder root;
  std::string text = "image,mood\n";
  for (int i = 0; i < 20; ++i) {
    text += "p/" + std::string(1, static_cast<char>('a' + i % 4)) + "-" + std::to_string(i) +
            ".jpg,sad\n";
  }
  const Annotations table(root.write("l.csv", text));
  const SplitSpec folds{.folds = 2, .fold = 1, .group = "^([a-z])-"};
  const LabelSplit split = load_label_split(table, {kMood}, folds);
  EXPECT_TRUE(leaks(split).empty());
  EXPECT_EQ(groups_of(split.training).size(), 2U);
  EXPECT_EQ(groups_of(split.validation).size(), 2U);
  EXPECT_EQ(split.training[0].videos[0].size(), 10U);
}

TEST(GroupsOfSplits, OnBothSidesAreLeaks) {
  const TemporaryFolder root;
  const Annotations table(root.write("l.csv",
                                     "video,frame,mood,group,split\nv,1,0,ann,train\n"
                                     "w,1,0,ann,val\nx,1,0,bob,train\ny,1,0,cy,val\n"));
  EXPECT_TRUE(holds(leaks(load_label_split(table, {kMood}, {})), {"ann"}));
}

TEST(GroupsOfSplits, AValidationWithoutARowIsRefused) {
  const TemporaryFolder root;
  const auto file = write_table(root);
  EXPECT_EQ(refusal_of([&] { load_label_split(file, {kMood}, {}); }),
            "annotations = " + file.string() +
                ": has no labels of the validation split; expected a column split with it, or "
                "split.folds=5");
}

TEST(BankPaths, OfSourcesWithBanksOfTheirOwnAreJoined) {
  TrainOptions options;
  options.bank = {"/clip", "/other"};
  options.annotations.sources = {{.path = "/a.csv"}};
  EXPECT_TRUE(holds(bank_paths(options), {"/clip", "/other"}));
  options.annotations.sources.push_back({.path = "/b.csv", .bank = {"/clip2", "/other2"}});
  EXPECT_TRUE(holds(bank_paths(options), {"/clip:/clip2", "/other:/other2"}));
  options.annotations.sources.push_back({.path = "/c.csv", .bank = {"/clip2", "/other2"}});
  EXPECT_TRUE(holds(bank_paths(options), {"/clip:/clip2", "/other:/other2"})) << "each once";
  options.annotations.sources.erase(options.annotations.sources.begin());
  EXPECT_TRUE(holds(bank_paths(options), {"/clip2", "/other2"})) << "nobody uses the run's own";
  options.annotations.sources.push_back({.path = "/d.csv", .bank = {"/clip3"}});
  EXPECT_TRUE(contains(refusal_of([&] { bank_paths(options); }),
                       "annotations: bank = /clip3: expected 2 banks side by side"));
}

}  // namespace
}  // namespace mien
