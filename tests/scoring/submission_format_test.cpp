#include "mien/data/submission_format.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mien/core/error.h"

namespace mien {
namespace {

constexpr auto kAll = {SubmissionTask::kExpr, SubmissionTask::kAu, SubmissionTask::kVa,
                       SubmissionTask::kCe, SubmissionTask::kMtl};

std::string problem_of(SubmissionTask task, const std::string& text) {
  std::vector<double> values(submission_columns(task));
  const auto illegal = parse_values(task, text, values);
  return illegal ? illegal->name + " = " + illegal->value + ": " + illegal->expected : "";
}

TEST(SubmissionFormat, RecognisesEveryOfficialHeader) {
  for (const SubmissionTask task : kAll) EXPECT_EQ(task_of_header(official_header(task)), task);
}

TEST(SubmissionFormat, RecognisesHeadersWithBlanksOtherCaseAndTheOtherFirstName) {
  EXPECT_EQ(task_of_header("Image_Location, Valence, Arousal"), SubmissionTask::kVa);
  EXPECT_EQ(task_of_header("image,valence,arousal"), SubmissionTask::kVa);
  EXPECT_EQ(task_of_header("image_location,valence,arousal,expression,aus"), SubmissionTask::kMtl);
  EXPECT_EQ(task_of_header("image,valence,arousal,expression,AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,"
                           "AU23,AU24,AU25,AU26"),
            SubmissionTask::kMtl);
}

TEST(SubmissionFormat, KnowsNoOtherHeader) {
  EXPECT_FALSE(task_of_header(""));
  EXPECT_FALSE(task_of_header("valence,arousal"));
  EXPECT_FALSE(task_of_header("image_location,arousal,valence"));
  EXPECT_FALSE(task_of_header(std::string(5000, ',')));
}

TEST(SubmissionFormat, NamesGoBothWaysAndNearMissesAreSuggested) {
  for (const SubmissionTask task : kAll) {
    EXPECT_EQ(submission_task_from_name(submission_task_name(task), "--task"), task);
  }
  try {
    submission_task_from_name("exprs", "--task");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "--task = exprs: expected one of expr, au, va, ce, mtl; did you mean expr?");
  }
}

TEST(ImageLocation, SplitsAtTheLastSlashAndReadsTheStemsNumber) {
  const auto plain = parse_location("1-30-1280x720/00017.jpg");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->video, "1-30-1280x720");
  EXPECT_EQ(plain->frame, 17);
  const auto deep = parse_location("set/video86_2_left/frame_00003.PNG");
  ASSERT_TRUE(deep);
  EXPECT_EQ(deep->video, "set/video86_2_left");
  EXPECT_EQ(deep->frame, 3);
}

TEST(ImageLocation, RefusesWhatIsNone) {
  for (const char* text : {"", "video", "/00001.jpg", "video/.jpg", "video/abc.jpg", "video/00001",
                           "video/00001.txt", "a.jpg/00001", "video/99999999999.jpg"}) {
    EXPECT_FALSE(parse_location(text)) << text;
  }
}

TEST(SubmissionValues, ReadsLegalRowsOfEveryTask) {
  std::vector<double> one(1), two(2), twelve(12), fifteen(15);
  EXPECT_FALSE(parse_values(SubmissionTask::kExpr, "7", one));
  EXPECT_EQ(one[0], 7);
  EXPECT_FALSE(parse_values(SubmissionTask::kVa, " -1, +0.25 ", two));
  EXPECT_EQ(two, (std::vector<double>{-1, 0.25F}));
  EXPECT_FALSE(parse_values(SubmissionTask::kAu, "0,1,0,0,0,0,0,0,0,0,0,1", twelve));
  EXPECT_EQ(twelve[1] + twelve[11], 2);
  EXPECT_FALSE(parse_values(SubmissionTask::kMtl, "0.5,1e-3,6,1,0,0,0,0,0,0,0,0,0,0,1", fifteen));
  EXPECT_EQ(fifteen[2], 6);
}

TEST(SubmissionValues, RefusesIllegalClassesWithTheirRange) {
  EXPECT_EQ(problem_of(SubmissionTask::kExpr, "8"),
            "expression = 8: expected an integer from 0 to 7");
  EXPECT_EQ(problem_of(SubmissionTask::kCe, "7"),
            "compound expression = 7: expected an integer from 0 to 6");
  for (const char* text : {"", "-1", "3.0", "3.5", "03", "+3", "nan", "Neutral", "3 x", "-0"}) {
    EXPECT_NE(problem_of(SubmissionTask::kExpr, text), "") << text;
  }
}

TEST(SubmissionValues, RefusesIllegalNumbers) {
  for (const char* text : {"nan", "inf", "-inf", "1.0001", "-1.1", "", "0.5x", "0x1p-1", "+-0.5",
                           "1e400", "0.5 0.5"}) {
    EXPECT_EQ(problem_of(SubmissionTask::kVa, std::string("0,") + text),
              "arousal = " + shown(text) + ": expected a number in [-1, 1]");
  }
}

TEST(SubmissionValues, NamesTheActionUnit) {
  EXPECT_EQ(problem_of(SubmissionTask::kAu, "0,0,2,0,0,0,0,0,0,0,0,0"), "AU4 = 2: expected 0 or 1");
}

TEST(SubmissionValues, CountsFields) {
  EXPECT_EQ(problem_of(SubmissionTask::kVa, "0.5"),
            "fields = 2: expected 3 (image location and 2 values)");
  EXPECT_EQ(problem_of(SubmissionTask::kExpr, "0,1"),
            "fields = 3: expected 2 (image location and 1 value)");
  EXPECT_EQ(problem_of(SubmissionTask::kAu, "0,1,0,0,0,0,0,0,0,0,0,1,0"),
            "fields = 14: expected 13 (image location and 12 values)");
}

TEST(Shown, KeepsAMessageOnOneReadableLine) {
  EXPECT_EQ(shown(""), "(empty)");
  EXPECT_EQ(shown(std::string_view("a\0\xff", 3)), "a\\x00\\xff");
  EXPECT_EQ(shown(std::string(100, 'a')), std::string(60, 'a') + "...");
}

TEST(Compound, TakesTheLargestSumOfItsTwoBasicExpressions) {
  // Fear and Surprise; then Sadness and Anger.
  EXPECT_EQ(compound_of(std::vector<float>{0, 0, 0, .6F, .1F, 0, .3F, 0}), 0U);
  EXPECT_EQ(compound_of(std::vector<float>{0, .5F, 0, 0, .1F, .4F, 0, 0}), 6U);
  EXPECT_EQ(compound_of(std::vector<float>{.5F, 0, 0, 0, .5F, 0, 0, 0}), 1U);
}

TEST(Compound, IsTheFirstOfEquals) {
  EXPECT_EQ(compound_of(std::vector<float>(8, .125F)), 0U);
}

}  // namespace
}  // namespace mien
