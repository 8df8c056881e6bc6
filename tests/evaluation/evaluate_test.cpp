#include "mien/evaluation/evaluate.h"

#include <gtest/gtest.h>

#include <string>

#include "mien/core/error.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

LabelSet expr_labels(std::vector<VideoLabels> videos) {
  return {expr_task(), Split::kValidation, std::move(videos), {}};
}

EvaluationOptions quick() {
  EvaluationOptions options;
  options.bootstrap.draws = 200;
  return options;
}

EvaluationOptions every_frame() {
  EvaluationOptions options = quick();
  options.all_frames = true;
  return options;
}

VideoLabels au_video(const std::string& name, const std::vector<double>& first_units) {
  VideoLabels video{name, {}, {}};
  for (const float unit : first_units) {
    video.frames.push_back(static_cast<std::int32_t>(video.frames.size()) + 1);
    video.values.push_back(unit);
    video.values.insert(video.values.end(), kActionUnits - 1, 0.0F);
  }
  return video;
}

TEST(EvaluateTask, ScoresPredictedValidFramesOnly) {
  const auto labels = expr_labels({{"a", {1, 2, 3, 4}, {0, 1, kUnknown, 1}}});
  const TaskDecisions decisions{expr_task(), {{"a", {1, 2, 3, 9}, {0, 1, 5, 5}}}};
  const TaskResult result = evaluate_task(decisions, labels, quick());
  EXPECT_EQ(result.frames, 2);
  EXPECT_EQ(result.videos, 1);
  EXPECT_EQ(result.missing_frames, 1);
  EXPECT_EQ(result.ignored_frames, 2);
  EXPECT_DOUBLE_EQ(result.score.value, 2.0 / 8);
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0);
  EXPECT_EQ(result.confusion.count(1, 1), 1);
}

TEST(EvaluateTask, NamesAndCountsVideosWithoutAnyPrediction) {
  const auto labels = expr_labels({{"a", {1}, {0}},
                                   {"b", {1, 2, 3}, {1, kUnknown, 2}},
                                   {"c", {1}, {kUnknown}},
                                   {"d", {1}, {2}}});
  const TaskDecisions decisions{expr_task(), {{"a", {1}, {0}}, {"d", {}, {}}, {"x", {1}, {0}}}};
  const TaskResult result = evaluate_task(decisions, labels, quick());
  EXPECT_EQ(result.missing_videos, (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(result.missing_frames, 3);
  EXPECT_EQ(result.ignored_frames, 1);
}

TEST(EvaluateTask, FillsEveryLabelledFrameFromTheNearestWhenAsked) {
  const auto labels = expr_labels({{"a", {1, 2, 3, 4, 5, 6}, {1, 1, 1, 2, 2, 2}}});
  const TaskDecisions decisions{expr_task(), {{"a", {2, 5}, {1, 2}}}};
  const TaskResult result = evaluate_task(decisions, labels, every_frame());
  EXPECT_EQ(result.frames, 6);
  EXPECT_EQ(result.missing_frames, 4);
  EXPECT_EQ(result.filled_frames, 4);
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0);
}

TEST(EvaluateTask, TakesTheEarlierOfTwoEquallyNearFrames) {
  const auto labels = expr_labels({{"a", {1, 2, 3}, {4, 4, 6}}});
  const TaskDecisions decisions{expr_task(), {{"a", {1, 3}, {4, 6}}}};
  EXPECT_DOUBLE_EQ(evaluate_task(decisions, labels, every_frame()).accuracy, 1.0);
}

TEST(EvaluateTask, FillsAVideoWithoutPredictionsWithThePrior) {
  const auto labels = expr_labels({{"a", {1}, {0}}, {"b", {1, 2}, {7, 7}}});
  const TaskDecisions decisions{expr_task(), {{"a", {1}, {0}}}};
  auto options = every_frame();
  options.prior = {.1F, 0, 0, 0, 0, 0, 0, .9F};
  const TaskResult result = evaluate_task(decisions, labels, options);
  EXPECT_EQ(result.frames, 3);
  EXPECT_EQ(result.videos, 2);
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0);
  options.prior[0] = .95F;
  EXPECT_DOUBLE_EQ(evaluate_task(decisions, labels, options).accuracy, 1.0 / 3);
}

TEST(EvaluateTask, PrefersInterpolatedScoresWhenTheyAreGiven) {
  const auto labels = expr_labels({{"a", {1, 2, 3}, {0, 5, 1}}});
  const TaskDecisions decisions{expr_task(), {{"a", {1, 3}, {0, 1}}}};
  const TaskDecisions interpolated{expr_task(), {{"a", {1, 2, 3}, {7, 5, 7}}}};
  auto options = every_frame();
  options.interpolated = &interpolated;
  const TaskResult result = evaluate_task(decisions, labels, options);
  EXPECT_DOUBLE_EQ(result.accuracy, 1.0);
  EXPECT_EQ(result.missing_frames, 1);
}

TEST(EvaluateTask, FillsValenceAndArousalLinearly) {
  const LabelSet labels{
      va_task(), Split::kValidation, {{"a", {1, 2, 3}, {0, 1, .5F, .5F, 1, 0}}}, {}};
  const TaskDecisions decisions{va_task(), {{"a", {1, 3}, {0, 1, 1, 0}}}};
  const TaskResult result = evaluate_task(decisions, labels, every_frame());
  EXPECT_EQ(result.frames, 3);
  EXPECT_NEAR(result.score.value, 1.0, 1e-12);
  EXPECT_EQ(result.parts.at(1).name, "arousal");
}

TEST(EvaluateTask, LeavesOutInvalidValenceAndArousal) {
  const LabelSet labels{
      va_task(), Split::kValidation, {{"a", {1, 2, 3}, {0, .5F, .5F, 0, kUnknown, kUnknown}}}, {}};
  const TaskDecisions decisions{va_task(), {{"a", {1, 2, 3}, {0, .5F, .5F, 0, 1, 1}}}};
  const TaskResult result = evaluate_task(decisions, labels, quick());
  EXPECT_EQ(result.frames, 2);
  EXPECT_NEAR(result.score.value, 1.0, 1e-12);
  EXPECT_FALSE(result.baseline.has_value());
}

TEST(EvaluateTask, CountsFramesByTheActionUnitPolicy) {
  VideoLabels truth = au_video("a", {1, 1, 0});
  truth.values[5] = kUnknown;  // frame 1, AU10
  const LabelSet labels{au_task(), Split::kValidation, {truth}, {}};
  const TaskDecisions decisions{au_task(), {au_video("a", {1, 0, 0})}};
  auto options = quick();
  const TaskResult dropped = evaluate_task(decisions, labels, options);
  EXPECT_EQ(dropped.frames, 2);
  EXPECT_EQ(dropped.parts.at(0).score.value, 0.0);
  options.partly_known = PartlyKnown::kMaskValue;
  const TaskResult masked = evaluate_task(decisions, labels, options);
  EXPECT_EQ(masked.frames, 3);
  EXPECT_DOUBLE_EQ(masked.parts.at(0).score.value, 2.0 / 3);
}

TEST(EvaluateTask, ComparesWithTheMostFrequentClassOfTheTrainingLabels) {
  const auto labels = expr_labels({{"a", {1, 2, 3, 4}, {0, 0, 0, 7}}});
  const TaskDecisions decisions{expr_task(), {{"a", {1, 2, 3, 4}, {1, 1, 1, 1}}}};
  auto options = quick();
  const auto own = evaluate_task(decisions, labels, options).baseline;
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->answers, std::vector<std::string>{"Neutral"});
  EXPECT_EQ(own->from, "evaluated");
  EXPECT_DOUBLE_EQ(own->f1, 2.0 * 3 / (3 + 4) / 8);
  options.prior = {0, 0, 0, 0, 0, 0, 0, 1};
  const auto training = evaluate_task(decisions, labels, options).baseline;
  EXPECT_EQ(training->from, "training");
  EXPECT_DOUBLE_EQ(training->f1, 2.0 * 1 / (1 + 4) / 8);
}

TEST(EvaluateTask, ComparesActionUnitsWithAlwaysOneFromAHalfOn) {
  const LabelSet labels{au_task(), Split::kValidation, {au_video("a", {1, 0})}, {}};
  const TaskDecisions decisions{au_task(), {au_video("a", {0, 0})}};
  const auto baseline = evaluate_task(decisions, labels, quick()).baseline;
  EXPECT_EQ(baseline->answers, std::vector<std::string>{"AU1"});
  EXPECT_DOUBLE_EQ(baseline->f1, 2.0 / 3 / 12);
}

TEST(EvaluateTask, SaysWhichPartsAreUndefined) {
  const auto labels = expr_labels({{"a", {1, 2}, {0, 0}}});
  const auto result = evaluate_task({expr_task(), {{"a", {1, 2}, {0, 3}}}}, labels, quick());
  EXPECT_TRUE(result.parts.at(0).defined);
  EXPECT_TRUE(result.parts.at(3).defined);
  EXPECT_FALSE(result.parts.at(5).defined);
  EXPECT_EQ(result.parts.at(3).answered, 1);
}

TEST(EvaluateTask, GivesIntervalsUnlessNoDrawsAreAskedFor) {
  const auto labels = expr_labels({{"a", {1, 2}, {0, 1}}, {"b", {1}, {0}}, {"c", {1}, {1}}});
  const TaskDecisions decisions{expr_task(),
                                {{"a", {1, 2}, {0, 0}}, {"b", {1}, {0}}, {"c", {1}, {1}}}};
  auto options = quick();
  const TaskResult result = evaluate_task(decisions, labels, options);
  ASSERT_TRUE(result.score.interval.has_value());
  EXPECT_LT(result.score.interval->low, result.score.interval->high);
  EXPECT_TRUE(result.parts.at(0).score.interval.has_value());
  const TaskResult again = evaluate_task(decisions, labels, options);
  EXPECT_EQ(result.score.interval->low, again.score.interval->low);
  options.bootstrap.draws = 0;
  EXPECT_FALSE(evaluate_task(decisions, labels, options).score.interval.has_value());
}

TEST(EvaluateTask, RefusesDecisionsOfAnotherTask) {
  EXPECT_THROW(evaluate_task({au_task(), {}}, expr_labels({{"a", {1}, {0}}}), quick()), InputError);
}

TEST(EvaluateTask, RefusesPredictionsThatMeetNoLabelAndNamesBothVideos) {
  for (const bool all_frames : {false, true}) {
    auto options = quick();
    options.all_frames = all_frames;
    try {
      evaluate_task({expr_task(), {{"A", {1}, {0}}}}, expr_labels({{"a", {1}, {0}}}), options);
      FAIL();
    } catch (const InputError& error) {
      EXPECT_STREQ(error.what(),
                   "expr predictions = 1 videos, the first A: expected frames that the validation "
                   "split labels, none is; its first video is a");
    }
  }
}

TEST(EvaluateTask, RefusesLabelsWithoutAnyValidFrame) {
  EXPECT_THROW(evaluate_task({expr_task(), {{"a", {1}, {0}}}},
                             expr_labels({{"a", {1}, {kUnknown}}}), quick()),
               InputError);
}

TEST(InterpolatedAtLabels, AnswersEveryLabelledFrameOfTheVideosItHas) {
  const TaskScores scores{va_task(),
                          {{"a", {1, 3}, {0, 0, 1, .5F}}, {"b", {}, {}}, {"x", {1}, {0, 0}}}};
  const LabelSet labels{
      va_task(), Split::kValidation, {{"a", {2, 9}, {0, 0, 0, 0}}, {"b", {1}, {0, 0}}}, {}};
  const TaskScores out = interpolated_at_labels(scores, labels);
  ASSERT_EQ(out.videos.size(), 1U);
  EXPECT_EQ(out.videos[0].frames, (std::vector<std::int32_t>{2, 9}));
  EXPECT_EQ(out.videos[0].values, (std::vector<float>{.5F, .25F, 1, .5F}));
}

}  // namespace
}  // namespace mien
