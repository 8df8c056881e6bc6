#include "mien/submission/fill.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "expectations.h"
#include "mien/core/error.h"
#include "mien/data/challenge.h"
#include "mien/submission/check.h"
#include "temporary_folder.h"

namespace mien {
namespace {

/// Probabilities of a row that decides for one class.
std::vector<float> sure_of(std::size_t label) {
  std::vector<float> row(kExpressions, 0.0F);
  row.at(label) = 1;
  return row;
}

std::vector<float> joined(std::vector<float> a, const std::vector<float>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Fill : public ::testing::Test {
 protected:
  std::string filled(SubmissionTask task, const std::string& rows, const ScoresByTask& scores,
                     const Priors& priors = {}) {
    path_ = folder_.write("t.txt", official_header(task) + "\n" + rows);
    std::ostringstream out;
    summary_ = fill(read_template(path_), scores, priors, out);
    const std::string text = out.str();
    const std::string header = official_header(task) + "\n";
    EXPECT_TRUE(text.starts_with(header));
    EXPECT_NO_THROW(check_submission(folder_.write("filled.txt", text), path_));
    return text.substr(header.size());
  }

  const ScoresByTask expr_{
      {expr_task(),
       {expr_task(), {{"a", {2, 6}, joined(sure_of(4), sure_of(1))}, {"b", {1}, sure_of(7)}}}}};
  mien::testing::TemporaryFolder folder_;
  std::filesystem::path path_;
  FillSummary summary_;
};

TEST_F(Fill, AnswersEveryRowInTheTemplatesOrderWithDuplicates) {
  EXPECT_EQ(filled(SubmissionTask::kExpr,
                   "b/00001.jpg,\na/00006.jpg,9\na/00002.jpg,\nb/00001.jpg,\n", expr_),
            "b/00001.jpg,7\na/00006.jpg,1\na/00002.jpg,4\nb/00001.jpg,7\n");
  EXPECT_EQ(summary_.rows, 4);
  EXPECT_EQ(summary_.videos, 2);
  EXPECT_EQ(summary_.interpolated_rows, 0);
  EXPECT_EQ(summary_.histogram.at("Other"), 2);
  EXPECT_EQ(summary_.histogram.at("Fear"), 0);
}

TEST_F(Fill, InterpolatesProbabilitiesBeforeDeciding) {
  // Between frames 2 (Happiness) and 6 (Anger); in the middle both are .5, the first class wins.
  EXPECT_EQ(filled(SubmissionTask::kExpr,
                   "a/00001.jpg,\na/00003.jpg,\na/00004.jpg,\na/00005.jpg,\na/00009.jpg,\n", expr_),
            "a/00001.jpg,4\na/00003.jpg,4\na/00004.jpg,1\na/00005.jpg,1\na/00009.jpg,1\n");
  EXPECT_EQ(summary_.interpolated_rows, 5);
}

TEST_F(Fill, GivesAVideoWithoutEmbeddingsThePriorAndNamesIt) {
  const Priors priors = {{expr_task(), {.1F, .1F, .1F, .1F, .1F, .3F, .1F, .1F}}};
  EXPECT_EQ(
      filled(SubmissionTask::kExpr, "z/00001.jpg,\nz/00002.jpg,\nb/00001.jpg,\n", expr_, priors),
      "z/00001.jpg,5\nz/00002.jpg,5\nb/00001.jpg,7\n");
  EXPECT_EQ(summary_.videos_without_embeddings, std::vector<std::string>{"z"});
  EXPECT_EQ(summary_.prior_rows, 2);
  EXPECT_EQ(summary_.interpolated_rows, 0);
}

TEST_F(Fill, RefusesAVideoWithoutEmbeddingsWhenNoPriorIsKnown) {
  path_ = folder_.write("t.txt", official_header(SubmissionTask::kExpr) + "\nz/00001.jpg,\n");
  std::ostringstream out;
  EXPECT_THROW(fill(read_template(path_), expr_, {}, out), InputError);
  EXPECT_TRUE(out.str().empty());
}

TEST_F(Fill, NamesTheTaskThatTheRunLacks) {
  path_ = folder_.write("t.txt", official_header(SubmissionTask::kAu) + "\na/00001.jpg,\n");
  std::ostringstream out;
  try {
    fill(read_template(path_), expr_, {}, out);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "template's task = au: expected a run with the task au; RUN predicts expr");
  }
}

TEST_F(Fill, WritesActionUnitsAsTwelveIntegers) {
  std::vector<float> p(kActionUnits, 0.1F);
  p[0] = 0.5F;
  p[11] = 0.9F;
  const ScoresByTask scores = {{au_task(), {au_task(), {{"a", {1}, p}}}}};
  EXPECT_EQ(filled(SubmissionTask::kAu, "a/00001.jpg,\n", scores),
            "a/00001.jpg,1,0,0,0,0,0,0,0,0,0,0,1\n");
  EXPECT_EQ(summary_.histogram.at("AU1"), 1);
  EXPECT_EQ(summary_.histogram.at("AU2"), 0);
}

TEST_F(Fill, WritesValenceAndArousalClippedWithSixDecimals) {
  const ScoresByTask scores = {{va_task(), {va_task(), {{"a", {1, 3}, {1.5F, -0.25F, 0, 0.5F}}}}}};
  EXPECT_EQ(filled(SubmissionTask::kVa, "a/00001.jpg,\na/00002.jpg,\n", scores),
            "a/00001.jpg,1.000000,-0.250000\na/00002.jpg,0.750000,0.125000\n");
  EXPECT_TRUE(summary_.histogram.empty());
}

TEST_F(Fill, AnswersCompoundExpressionsFromBasicOnes) {
  const std::vector<float> sad_and_angry = {0, .4F, 0, 0, 0, .5F, .1F, 0};
  const std::vector<float> happy_and_surprised = {0, 0, .1F, 0, .3F, 0, .6F, 0};
  const ScoresByTask scores = {
      {expr_task(), {expr_task(), {{"01", {1, 2}, joined(sad_and_angry, happy_and_surprised)}}}}};
  EXPECT_EQ(filled(SubmissionTask::kCe, "01/00001.jpg,\n01/00002.jpg,\n", scores),
            "01/00001.jpg,6\n01/00002.jpg,1\n");
  EXPECT_EQ(summary_.histogram.at("Sadly_Angry"), 1);
}

TEST_F(Fill, PutsThreeTasksIntoAMultiTaskRow) {
  ScoresByTask scores = expr_;
  scores[va_task()] = {va_task(), {{"a", {2}, {.5F, -.5F}}}};
  std::vector<float> p(kActionUnits, 0.0F);
  p[3] = 1;
  scores[au_task()] = {au_task(), {{"a", {2}, p}}};
  EXPECT_EQ(filled(SubmissionTask::kMtl, "a/00002.jpg,\n", scores),
            "a/00002.jpg,0.500000,-0.500000,4,0,0,0,1,0,0,0,0,0,0,0,0\n");
  EXPECT_EQ(summary_.histogram.at("Happiness"), 1);
  EXPECT_EQ(summary_.histogram.at("AU6"), 1);
  scores.erase(va_task());
  std::ostringstream out;
  EXPECT_THROW(fill(read_template(path_), scores, {}, out), InputError);
}

TEST_F(Fill, DoesNotTakeImagesThatAreNoFilmForFrames) {
  ScoresByTask scores = expr_;
  scores.at(expr_task()).videos[0].film = false;
  EXPECT_EQ(filled(SubmissionTask::kExpr, "a/00002.jpg,\na/00003.jpg,\n", scores,
                   {{expr_task(), sure_of(5)}}),
            "a/00002.jpg,5\na/00003.jpg,5\n");
  EXPECT_EQ(summary_.videos_without_embeddings, std::vector<std::string>{"a"});
}

TEST(RequireTasks, NamesWhatTheRunLacksAndWhatItHas) {
  const Task emotion("emotion", TaskKind::kClasses, {"calm", "happy"});
  const auto refused = [](SubmissionTask form, const std::vector<Task>& tasks) {
    return testing::refusal_of([&] { require_tasks(form, tasks); });
  };
  EXPECT_EQ(refused(SubmissionTask::kExpr, {emotion, expr_task()}), "accepted");
  EXPECT_EQ(refused(SubmissionTask::kMtl, {expr_task(), au_task(), va_task()}), "accepted");
  EXPECT_EQ(refused(SubmissionTask::kExpr, {emotion}),
            "template's task = expr: expected a run with the task expr; RUN predicts emotion");
  EXPECT_EQ(refused(SubmissionTask::kCe, {au_task()}),
            "template's task = ce: expected a run with the task expr; RUN predicts au");
  EXPECT_EQ(refused(SubmissionTask::kMtl, {au_task()}),
            "template's task = mtl: expected a run with the tasks expr, va; RUN predicts au");
}

TEST(RequireTasks, ATaskOfTheChallengesNameWithOtherOutputsIsAnotherOne) {
  const auto refused = [](const Task& task) {
    return testing::refusal_of([&] {
      require_tasks(task.name() == "va" ? SubmissionTask::kVa : SubmissionTask::kAu, {task});
    });
  };
  EXPECT_EQ(refused(Task("au", TaskKind::kBinary, {"AU1", "AU2", "AU5"})),
            "template's task = au: expected a run with the task au; RUN predicts au (3 outputs)");
  std::vector<std::string> names = au_task().outputs();
  std::swap(names[0], names[1]);
  EXPECT_TRUE(testing::contains(refused(Task("au", TaskKind::kBinary, names)),
                                "RUN predicts au (12 outputs of other names)"));
  EXPECT_TRUE(testing::contains(refused(Task("au", TaskKind::kClasses, {"low", "high"})),
                                "RUN predicts au (classes, 2 outputs)"));
  EXPECT_TRUE(
      testing::contains(refused(Task("va", TaskKind::kContinuous, va_task().outputs(), {0, 1})),
                        "RUN predicts va (2 outputs from 0 to 1)"));
}

TEST_F(Fill, WritesLineFeedsAndNoByteOrderMarkWhateverTheTemplateHas) {
  path_ = folder_.write("t.txt", "\xEF\xBB\xBF" + official_header(SubmissionTask::kExpr) +
                                     "\r\nb/00001.jpg,\r\nb/00002.jpg,");
  std::ostringstream out;
  fill(read_template(path_), expr_, {}, out);
  EXPECT_EQ(out.str(), official_header(SubmissionTask::kExpr) + "\nb/00001.jpg,7\nb/00002.jpg,7\n");
}

TEST_F(Fill, SummaryHasTheKeysOfTheContract) {
  filled(SubmissionTask::kExpr, "b/00001.jpg,\nb/00004.jpg,\n", expr_);
  const auto json = to_json(summary_);
  EXPECT_EQ(json.at("task"), "expr");
  EXPECT_EQ(json.at("rows"), 2);
  EXPECT_EQ(json.at("videos"), 1);
  EXPECT_EQ(json.at("interpolated_rows"), 1);
  EXPECT_TRUE(json.at("videos_without_embeddings").empty());
}

}  // namespace
}  // namespace mien
