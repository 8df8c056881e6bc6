#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "mien/data/splits.h"
#include "mien/training/dataset.h"
#include "mien/training/inputs.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::holds;
using testing::TemporaryFolder;
using Names = std::vector<std::string>;

/// Annotations of some training and validation videos, for EXPR and AU.
void write_annotations(const TemporaryFolder& root, const Names& training,
                       const Names& validation) {
  const std::string expr_header = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n";
  const std::string au_header = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26\n";
  const auto write = [&](const std::string& folder, const Names& videos) {
    for (const std::string& video : videos) {
      root.write("EXPR_Classification_Challenge/" + folder + "/" + video + ".txt",
                 expr_header + "0\n3\n");
      root.write("AU_Detection_Challenge/" + folder + "/au-" + video + ".txt",
                 au_header + "0,1,0,1,0,1,0,1,0,1,0,1\n");
    }
  };
  write("Train_Set", training);
  write("Validation_Set", validation);
}

const Names kTraining = {"1_left", "1_right", "2", "3", "3_left", "4", "5", "6", "7", "8"};

LabelSplit load(const SplitSpec& split, const std::vector<Task>& tasks = {expr_task()}) {
  const TemporaryFolder root;
  write_annotations(root, kTraining, {"v1", "v2", "4_left"});
  return load_label_split(root.path().string(), tasks, split);
}

TEST(LabelSplitTest, TakesTheOfficialSplits) {
  const LabelSplit split = load({}, {expr_task(), au_task()});
  EXPECT_EQ(split.training.size(), 2U);
  EXPECT_EQ(split.training[1].task, au_task());
  const Names videos = videos_of(split.validation);
  EXPECT_TRUE(holds(videos, {"4_left", "au-4_left", "au-v1", "au-v2", "v1", "v2"}));
}

TEST(LabelSplitTest, FoldsShareOutTheTrainingVideos) {
  std::multiset<std::string> held_out;
  for (std::int64_t fold = 0; fold < 3; ++fold) {
    const LabelSplit split = load({.folds = 3, .fold = fold});
    const Names training = videos_of(split.training), validation = videos_of(split.validation);
    EXPECT_FALSE(validation.empty());
    held_out.insert(validation.begin(), validation.end());
    Names all = training;
    all.insert(all.end(), validation.begin(), validation.end());
    std::ranges::sort(all);
    EXPECT_EQ(all, kTraining) << "official validation videos stay out";
    EXPECT_EQ(split.validation[0].split, Split::kValidation);
  }
  EXPECT_EQ(Names(held_out.begin(), held_out.end()), kTraining) << "each is held out once";
}

TEST(LabelSplitTest, FoldsKeepARecordingsHalvesTogether) {
  for (std::int64_t folds = 2; folds <= 5; ++folds) {
    for (std::int64_t fold = 0; fold < folds; ++fold) {
      const LabelSplit split = load({.folds = folds, .fold = fold});
      EXPECT_TRUE(leaks(split).empty());
      const Names validation = videos_of(split.validation);
      EXPECT_EQ(std::ranges::count(validation, "1_left"),
                std::ranges::count(validation, "1_right"));
      EXPECT_EQ(std::ranges::count(validation, "3"), std::ranges::count(validation, "3_left"));
    }
  }
}

TEST(LabelSplitTest, NamesRecordingsOnBothSides) {
  EXPECT_TRUE(holds(leaks(load({})), {"4"}));
}

TEST(LabelSplitTest, OneSideAloneIsThatOfTheWhole) {
  const TemporaryFolder root;
  write_annotations(root, kTraining, {"v1"});
  const SplitSpec folds{.folds = 4, .fold = 2};
  const LabelSplit whole = load_label_split(root.path().string(), {expr_task()}, folds);
  for (const Split side : {Split::kTrain, Split::kValidation}) {
    EXPECT_EQ(videos_of(load_split_side(root.path().string(), {expr_task()}, folds, side)),
              videos_of(side == Split::kTrain ? whole.training : whole.validation));
  }
}

}  // namespace
}  // namespace mien
