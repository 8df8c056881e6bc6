#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/data/labels.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::holds;
using testing::refusal_of;
using testing::TemporaryFolder;

const std::string kExprHeader = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n";
const std::string kAuHeader = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26\n";
const std::string kVaHeader = "valence,arousal\n";

std::string file_of(Task task, const std::string& video) {
  const std::string folder = task == Task::kExpr ? "EXPR_Recognition_Challenge"
                             : task == Task::kAu ? "AU_Detection_Challenge"
                                                 : "VA_Estimation_Challenge";
  return folder + "/Train_Set/" + video + ".txt";
}

LabelSet load_one(Task task, const std::string& content) {
  const TemporaryFolder root;
  root.write(file_of(task, "v"), content);
  return load_labels(root.path(), task, Split::kTrain);
}

std::string refusal(Task task, const std::string& content) {
  return refusal_of([&] { load_one(task, content); });
}

TEST(ChallengeLabels, DataLineOneIsFrameOne) {
  const LabelSet set = load_one(Task::kExpr, kExprHeader + "0\n-1\n7\n");
  ASSERT_EQ(set.videos.size(), 1U);
  EXPECT_EQ(set.videos[0].video, "v");
  EXPECT_TRUE(holds(set.videos[0].frames, {1, 2, 3}));
  EXPECT_TRUE(holds(set.videos[0].values, {0, -1, 7}));
}

TEST(ChallengeLabels, ReadsRowsOfEveryTask) {
  const LabelSet au = load_one(Task::kAu, kAuHeader + "0,1,0,0,0,0,0,0,0,0,-1,1\n");
  EXPECT_EQ(au.row(au.videos[0], 0)[1], 1);
  EXPECT_EQ(au.row(au.videos[0], 0)[10], -1);
  const LabelSet va = load_one(Task::kVa, kVaHeader + "0.25,-1\n-5,-5.0\n+1.0,1e-1\n");
  EXPECT_TRUE(holds(va.videos[0].values, {.25, -1, -5, -5, 1, .1}));
}

TEST(ChallengeLabels, AcceptsWindowsLineEndsBlanksAndAByteOrderMark) {
  const LabelSet set =
      load_one(Task::kVa, "\xEF\xBB\xBFvalence, arousal\r\n0.5, -0.5\r\n 1 ,\t-1\r\n\r\n\r\n");
  EXPECT_TRUE(holds(set.videos[0].values, {.5F, -.5F, 1, -1}));
}

TEST(ChallengeLabels, AcceptsAMissingLastLineEnd) {
  EXPECT_TRUE(holds(load_one(Task::kExpr, kExprHeader + "3").videos[0].values, {3}));
}

TEST(ChallengeLabels, RefusesTheHeaderOfAnotherTask) {
  const std::string message = refusal(Task::kExpr, "valence,arousal\n0.1,0.2\n");
  EXPECT_TRUE(contains(message, "v.txt:1 = valence,arousal: expected the header Neutral,Anger,"));
  EXPECT_TRUE(contains(refusal(Task::kVa, ""), "v.txt:1 = : expected the header valence,arousal"));
  EXPECT_TRUE(contains(refusal(Task::kExpr, "0\n1\n"), "v.txt:1 = 0: expected the header"));
}

TEST(ChallengeLabels, RefusesWrongNumbersOfFieldsWithTheLine) {
  EXPECT_TRUE(contains(refusal(Task::kAu, kAuHeader + "0,0,0,0,0,0,0,0,0,0,0,0\n0,1,0\n"),
                       "v.txt:3 = 0,1,0: expected 12 integers, each -1, 0 or 1"));
  EXPECT_TRUE(contains(refusal(Task::kExpr, kExprHeader + "1,\n"), "v.txt:2 = 1,: expected one"));
  EXPECT_TRUE(contains(refusal(Task::kVa, kVaHeader + "0.5\n"), "expected two numbers"));
}

TEST(ChallengeLabels, RefusesExpressionsOutOfRangeOrNotWhole) {
  for (const char* value : {"8", "-2", "3.0", "x", "99999999999", "0x1"}) {
    EXPECT_TRUE(
        contains(refusal(Task::kExpr, kExprHeader + "0\n" + value + "\n"),
                 std::string("v.txt:3 = ") + value + ": expected one integer from -1 to 7"));
  }
}

TEST(ChallengeLabels, RefusesActionUnitsOtherThanPresentAbsentAndInvalid) {
  for (const char* value : {"2", "-2", "0.5", ""}) {
    EXPECT_TRUE(contains(refusal(Task::kAu, kAuHeader + "0,0,0,0,0,0,0,0,0,0,0," + value + "\n"),
                         "v.txt:2 = "));
  }
}

TEST(ChallengeLabels, RefusesAffectOutOfRange) {
  for (const char* value : {"1.01", "-1.5", "-4.9", "nan", "inf", "0.5.1"}) {
    EXPECT_TRUE(contains(refusal(Task::kVa, kVaHeader + "0," + value + "\n"),
                         "expected two numbers from -1 to 1, or -5"));
  }
}

TEST(ChallengeLabels, RefusesABlankLineInTheMiddle) {
  EXPECT_TRUE(contains(refusal(Task::kExpr, kExprHeader + "1\n\n2\n"), "v.txt:3 = : expected"));
}

TEST(ChallengeLabels, KeepsMessagesAboutBinaryFilesOnOneShortLine) {
  const std::string message = refusal(Task::kExpr, std::string(5000, '\x01'));
  EXPECT_LT(message.size(), 400U);
  EXPECT_EQ(message.find('\x01'), std::string::npos);
}

TEST(ChallengeLabels, SortsVideosByNameAndIgnoresStrayFiles) {
  const TemporaryFolder root;
  for (const char* name : {"a-b", "a", "10", "9_left"}) {
    root.write(file_of(Task::kExpr, name), kExprHeader + "1\n");
  }
  root.write("EXPR_Recognition_Challenge/Train_Set/._a.txt", "junk");
  root.write("EXPR_Recognition_Challenge/Train_Set/.DS_Store", "junk");
  root.write("EXPR_Recognition_Challenge/Train_Set/notes.md", "junk");
  const LabelSet set = load_labels(root.path(), Task::kExpr, Split::kTrain);
  std::vector<std::string> names;
  for (const VideoLabels& video : set.videos) names.push_back(video.video);
  EXPECT_TRUE(holds(names, {"10", "9_left", "a", "a-b"}));
  EXPECT_EQ(set.files.size(), 4U);
}

TEST(ChallengeLabels, ReadsTheSplitThatIsAskedFor) {
  const TemporaryFolder root;
  root.write("VA_Estimation_Challenge/Train_Set/t.txt", kVaHeader + "0,0\n");
  root.write("VA_Estimation_Challenge/Validation_Set/v.txt", kVaHeader + "0,0\n");
  EXPECT_EQ(load_labels(root.path(), Task::kVa, Split::kValidation).videos[0].video, "v");
}

TEST(ChallengeLabels, RefusesAMissingOrEmptySplit) {
  const TemporaryFolder root;
  root.write(file_of(Task::kExpr, "v"), kExprHeader);
  EXPECT_TRUE(
      contains(refusal_of([&] { load_labels(root.path(), Task::kExpr, Split::kValidation); }),
               "Validation_Set: does not exist"));
  root.write("EXPR_Recognition_Challenge/Validation_Set/readme.md", "");
  EXPECT_TRUE(
      contains(refusal_of([&] { load_labels(root.path(), Task::kExpr, Split::kValidation); }),
               "expected one <video>.txt a video, found none"));
}

TEST(LabelValidity, DependsOnTheTask) {
  EXPECT_TRUE(is_valid_row(Task::kExpr, std::vector<double>{0}));
  EXPECT_FALSE(is_valid_row(Task::kExpr, std::vector<double>{-1}));
  EXPECT_FALSE(is_valid_row(Task::kAu, std::vector<double>{0, 1, -1}));
  EXPECT_TRUE(is_valid_row(Task::kVa, std::vector<double>{-1, .5F}));
  EXPECT_FALSE(is_valid_row(Task::kVa, std::vector<double>{.5F, -5}));
  EXPECT_FALSE(is_valid_value(Task::kAu, -1));
  EXPECT_TRUE(is_valid_value(Task::kAu, 0));
}

}  // namespace
}  // namespace mien
