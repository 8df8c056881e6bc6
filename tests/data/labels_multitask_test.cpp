#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "mien/data/labels.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

const std::string kHeader = "image,valence,arousal,expression,aus\n";
const std::string kAus = ",0,1,0,0,0,0,0,0,0,0,1,0\n";

LabelSet load(const std::string& rows, Task task, const std::string& header = kHeader) {
  const TemporaryFolder root;
  root.write("training_set_annotations.txt", header + rows);
  return load_labels(root.path(), task, Split::kTrain);
}

std::string refusal(const std::string& rows, const std::string& header = kHeader) {
  return refusal_of([&] { load(rows, expr_task(), header); });
}

TEST(MultitaskLabels, EachTaskKeepsItsOwnColumns) {
  const std::string row = "v/00003.jpg,0.5,-0.25,4" + kAus;
  EXPECT_TRUE(holds(load(row, va_task()).videos[0].values, {.5F, -.25F}));
  EXPECT_TRUE(holds(load(row, expr_task()).videos[0].values, {4}));
  EXPECT_TRUE(holds(load(row, au_task()).videos[0].values, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}));
}

TEST(MultitaskLabels, TheImageNamesTheFrame) {
  const LabelSet set =
      load("b/00009.jpg,0,0,1" + kAus + "a/00002.jpg,0,0,2" + kAus + "b/00004.jpg,0,0,3" + kAus,
           expr_task());
  ASSERT_EQ(set.videos.size(), 2U);
  EXPECT_EQ(set.videos[0].video, "a");
  EXPECT_TRUE(holds(set.videos[1].frames, {4, 9}));
  EXPECT_TRUE(holds(set.videos[1].values, {3, 1}));
}

TEST(MultitaskLabels, RowsOfWhichNothingIsKnownStay) {
  const LabelSet set = load("v/00001.jpg,-5,-5,-1" + kAus, va_task());
  EXPECT_TRUE(same_values(set.videos[0].values, std::vector<double>{kUnknown, kUnknown}));
}

TEST(MultitaskLabels, AnyHeaderWillDoBecauseColumnsCount) {
  const std::string row = "v/00001.jpg, 0, 0, 6" + kAus;
  EXPECT_EQ(load(row, expr_task(), "a,b\r\n").videos[0].values[0], 6);
}

TEST(MultitaskLabels, RefusesAListWithoutAHeader) {
  EXPECT_TRUE(contains(refusal("v/00001.jpg,0,0,1" + kAus, ""), "annotations.txt:1 = v/00001"));
  EXPECT_TRUE(contains(refusal("", ""), "expected a header"));
}

TEST(MultitaskLabels, RepeatedRowsCountOnce) {
  const std::string row = "v/00001.jpg,0.5,0,1" + kAus;
  const LabelSet set =
      load(row + "v/00002.jpg,0,0,2" + kAus + "v/00001.jpg,0.50,0,1" + kAus + row, expr_task());
  EXPECT_TRUE(holds(set.videos[0].frames, {1, 2}));
  EXPECT_TRUE(holds(set.videos[0].values, {1, 2}));
}

TEST(MultitaskLabels, RefusesRowsThatContradictEachOther) {
  EXPECT_TRUE(contains(
      refusal("v/00001.jpg,0,0,1" + kAus + "w/00001.jpg,0,0,1" + kAus + "v/00001.jpg,0,0,2" + kAus),
      "contradicts line 2 about the same image"));
  EXPECT_TRUE(contains(refusal("v/1.jpg,0,0,1" + kAus + "v/1.jpg,0,0,2" + kAus),
                       "annotations.txt:3 = v/1.jpg"));
}

TEST(MultitaskLabels, RefusesOtherThanSixteenFields) {
  EXPECT_TRUE(contains(refusal("v/00001.jpg,0,0,1\n"),
                       "annotations.txt:2 = v/00001.jpg,0,0,1: expected 16 fields, found 4"));
}

TEST(MultitaskLabels, RefusesImagesThatNameNoFrame) {
  for (const char* image : {"v.jpg", "v/face.jpg", "/1.jpg", "a/v/1.jpg", "v/2147483648.jpg"}) {
    EXPECT_TRUE(contains(refusal(image + (",0,0,1" + kAus)), "expected an image such as"));
  }
}

TEST(MultitaskLabels, RefusesIllegalValuesOfAnyTask) {
  EXPECT_TRUE(contains(refusal("v/00001.jpg,2,0,1" + kAus), "va: expected two numbers"));
  EXPECT_TRUE(contains(refusal("v/00001.jpg,0,0,8" + kAus), "expr: expected one integer"));
  EXPECT_TRUE(contains(refusal("v/00001.jpg,0,0,1,3,1,0,0,0,0,0,0,0,0,1,0\n"), "au: expected 12"));
}

TEST(MultitaskLabels, RefusesAMissingList) {
  const TemporaryFolder root;
  root.write("training_set_annotations.txt", kHeader);
  EXPECT_TRUE(contains(refusal_of([&] { load_labels(root.path(), va_task(), Split::kValidation); }),
                       "validation_set_annotations.txt: does not exist"));
}

}  // namespace
}  // namespace mien
