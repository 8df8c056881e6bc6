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

const std::string kExprHeader = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n";
const std::string kAuHeader = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26\n";
const std::string kVaHeader = "valence,arousal\n";

std::string file_of(Task task, const std::string& video) {
  const std::string folder = task == expr_task() ? "EXPR_Recognition_Challenge"
                             : task == au_task() ? "AU_Detection_Challenge"
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
  const LabelSet set = load_one(expr_task(), kExprHeader + "0\n-1\n7\n");
  ASSERT_EQ(set.videos.size(), 1U);
  EXPECT_EQ(set.videos[0].video, "v");
  EXPECT_TRUE(holds(set.videos[0].frames, {1, 2, 3}));
  EXPECT_TRUE(same_values(set.videos[0].values, std::vector<double>{0, kUnknown, 7}));
}

TEST(ChallengeLabels, ReadsRowsOfEveryTask) {
  const LabelSet au = load_one(au_task(), kAuHeader + "0,1,0,0,0,0,0,0,0,0,-1,1\n");
  EXPECT_EQ(au.row(au.videos[0], 0)[1], 1);
  EXPECT_FALSE(is_known(au.row(au.videos[0], 0)[10]));
  EXPECT_TRUE(is_known(au.row(au.videos[0], 0)[11]));
  const LabelSet va = load_one(va_task(), kVaHeader + "0.25,-1\n-5,-5.0\n+1.0,1e-1\n");
  EXPECT_TRUE(
      same_values(va.videos[0].values, std::vector<double>{.25, -1, kUnknown, kUnknown, 1, .1}));
}

TEST(ChallengeLabels, ValenceAndArousalAreKnownTogetherOrNotAtAll) {
  const LabelSet va = load_one(va_task(), kVaHeader + "0.25,-5\n-5,.5\n.5,.5\n");
  EXPECT_TRUE(same_values(va.videos[0].values,
                          std::vector<double>{kUnknown, kUnknown, kUnknown, kUnknown, .5, .5}));
}

TEST(ChallengeLabels, AcceptsWindowsLineEndsBlanksAndAByteOrderMark) {
  const LabelSet set =
      load_one(va_task(), "\xEF\xBB\xBFvalence, arousal\r\n0.5, -0.5\r\n 1 ,\t-1\r\n\r\n\r\n");
  EXPECT_TRUE(holds(set.videos[0].values, {.5F, -.5F, 1, -1}));
}

TEST(ChallengeLabels, AcceptsAMissingLastLineEnd) {
  EXPECT_TRUE(holds(load_one(expr_task(), kExprHeader + "3").videos[0].values, {3}));
}

TEST(ChallengeLabels, RefusesTheHeaderOfAnotherTask) {
  const std::string message = refusal(expr_task(), "valence,arousal\n0.1,0.2\n");
  EXPECT_TRUE(contains(message, "v.txt:1 = valence,arousal: expected the header Neutral,Anger,"));
  EXPECT_TRUE(contains(refusal(va_task(), ""), "v.txt:1 = : expected the header valence,arousal"));
  EXPECT_TRUE(contains(refusal(expr_task(), "0\n1\n"), "v.txt:1 = 0: expected the header"));
}

TEST(ChallengeLabels, RefusesWrongNumbersOfFieldsWithTheLine) {
  EXPECT_TRUE(contains(refusal(au_task(), kAuHeader + "0,0,0,0,0,0,0,0,0,0,0,0\n0,1,0\n"),
                       "v.txt:3 = 0,1,0: expected 12 integers, each -1, 0 or 1"));
  EXPECT_TRUE(contains(refusal(expr_task(), kExprHeader + "1,\n"), "v.txt:2 = 1,: expected one"));
  EXPECT_TRUE(contains(refusal(va_task(), kVaHeader + "0.5\n"), "expected two numbers"));
}

TEST(ChallengeLabels, RefusesExpressionsOutOfRangeOrNotWhole) {
  for (const char* value : {"8", "-2", "3.0", "x", "99999999999", "0x1"}) {
    EXPECT_TRUE(
        contains(refusal(expr_task(), kExprHeader + "0\n" + value + "\n"),
                 std::string("v.txt:3 = ") + value + ": expected one integer from -1 to 7"));
  }
}

TEST(ChallengeLabels, RefusesActionUnitsOtherThanPresentAbsentAndInvalid) {
  for (const char* value : {"2", "-2", "0.5", ""}) {
    EXPECT_TRUE(contains(refusal(au_task(), kAuHeader + "0,0,0,0,0,0,0,0,0,0,0," + value + "\n"),
                         "v.txt:2 = "));
  }
}

TEST(ChallengeLabels, RefusesAffectOutOfRange) {
  for (const char* value : {"1.01", "-1.5", "-4.9", "nan", "inf", "0.5.1"}) {
    EXPECT_TRUE(contains(refusal(va_task(), kVaHeader + "0," + value + "\n"),
                         "expected two numbers from -1 to 1, or -5"));
  }
}

TEST(ChallengeLabels, RefusesABlankLineInTheMiddle) {
  EXPECT_TRUE(contains(refusal(expr_task(), kExprHeader + "1\n\n2\n"), "v.txt:3 = : expected"));
}

TEST(ChallengeLabels, KeepsMessagesAboutBinaryFilesOnOneShortLine) {
  const std::string message = refusal(expr_task(), std::string(5000, '\x01'));
  EXPECT_LT(message.size(), 400U);
  EXPECT_EQ(message.find('\x01'), std::string::npos);
}

TEST(ChallengeLabels, SortsVideosByNameAndIgnoresStrayFiles) {
  const TemporaryFolder root;
  for (const char* name : {"a-b", "a", "10", "9_left"}) {
    root.write(file_of(expr_task(), name), kExprHeader + "1\n");
  }
  root.write("EXPR_Recognition_Challenge/Train_Set/._a.txt", "junk");
  root.write("EXPR_Recognition_Challenge/Train_Set/.DS_Store", "junk");
  root.write("EXPR_Recognition_Challenge/Train_Set/notes.md", "junk");
  const LabelSet set = load_labels(root.path(), expr_task(), Split::kTrain);
  std::vector<std::string> names;
  for (const VideoLabels& video : set.videos) names.push_back(video.video);
  EXPECT_TRUE(holds(names, {"10", "9_left", "a", "a-b"}));
  EXPECT_EQ(set.files.size(), 4U);
}

TEST(ChallengeLabels, ReadsTheSplitThatIsAskedFor) {
  const TemporaryFolder root;
  root.write("VA_Estimation_Challenge/Train_Set/t.txt", kVaHeader + "0,0\n");
  root.write("VA_Estimation_Challenge/Validation_Set/v.txt", kVaHeader + "0,0\n");
  EXPECT_EQ(load_labels(root.path(), va_task(), Split::kValidation).videos[0].video, "v");
}

TEST(ChallengeLabels, RefusesAMissingOrEmptySplit) {
  const TemporaryFolder root;
  root.write(file_of(expr_task(), "v"), kExprHeader);
  EXPECT_TRUE(
      contains(refusal_of([&] { load_labels(root.path(), expr_task(), Split::kValidation); }),
               "Validation_Set: does not exist"));
  root.write("EXPR_Recognition_Challenge/Validation_Set/readme.md", "");
  EXPECT_TRUE(
      contains(refusal_of([&] { load_labels(root.path(), expr_task(), Split::kValidation); }),
               "expected one <video>.txt a video, found none"));
}

TEST(LabelValidity, OfARowNeedsEveryValue) {
  EXPECT_TRUE(is_known_row(std::vector<double>{0}));
  EXPECT_FALSE(is_known_row(std::vector<double>{kUnknown}));
  EXPECT_FALSE(is_known_row(std::vector<double>{0, 1, kUnknown}));
  EXPECT_TRUE(is_known_row(std::vector<double>{-1, .5F}));
  EXPECT_FALSE(is_known_row(std::vector<double>{.5F, kUnknown}));
  EXPECT_FALSE(is_known(kUnknown));
  EXPECT_TRUE(is_known(0));
}

TEST(LabelValidity, DependsOnWhatUnknownValuesDo) {
  const std::vector<double> partly{0, kUnknown, 1}, nothing{kUnknown, kUnknown, kUnknown};
  EXPECT_FALSE(is_scored_row(partly, PartlyKnown::kDropRow));
  EXPECT_TRUE(is_scored_row(partly, PartlyKnown::kMaskValue));
  EXPECT_FALSE(is_scored_row(nothing, PartlyKnown::kMaskValue));
  EXPECT_EQ(load_one(au_task(), kAuHeader + "0,1,0,0,0,0,0,0,0,0,-1,1\n").partly_known,
            PartlyKnown::kDropRow)
      << "the challenge's rule for its own files";
}

}  // namespace
}  // namespace mien
