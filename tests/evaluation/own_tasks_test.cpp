// Labels of people's own: partly known, in groups, with continuous values in any range.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "mien/evaluation/report.h"
#include "mien/scoring/concordance.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

const double kNone = kUnknown;
const Task kMood("mood", TaskKind::kClasses, {"sad", "happy"});
const Task kUnits("units", TaskKind::kBinary, {"smile", "frown", "wink"});
const Task kStars("stars", TaskKind::kContinuous, {"fun", "calm"}, {0, 10});

EvaluationOptions with_draws(std::int64_t draws) {
  EvaluationOptions options;
  options.bootstrap.draws = draws;
  return options;
}

/// One video of as many frames as `values` say.
VideoLabels video_of(const Task& task, const std::string& name, std::vector<double> values) {
  VideoLabels video{.video = name};
  for (std::size_t i = 0; i * label_columns(task) < values.size(); ++i) {
    video.frames.push_back(static_cast<std::int32_t>(i) + 1);
  }
  video.values = std::move(values);
  return video;
}

LabelSet own(const Task& task, std::vector<VideoLabels> videos) {
  return {.task = task,
          .split = Split::kValidation,
          .videos = std::move(videos),
          .partly_known = PartlyKnown::kMaskValue};
}

/// smile is positive, frown never; nobody knows of wink.
const LabelSet kPartly =
    own(kUnits,
        {video_of(kUnits, "v", {1, 0, kNone, 1, kNone, kNone, kNone, kNone, kNone, 0, 0, kNone})});
const TaskDecisions kDecided{kUnits, {video_of(kUnits, "v", {1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1})}};

TEST(PartlyKnownRows, AreScoredOnWhatTheyKnow) {
  const TaskResult result = evaluate_task(kDecided, kPartly, with_draws(0));
  EXPECT_EQ(result.partly_known, PartlyKnown::kMaskValue) << "as the labels' source has it";
  EXPECT_EQ(result.frames, 3) << "frame 3 is not labelled at all";
  EXPECT_DOUBLE_EQ(result.score.value, 2. / 3) << "the F1 of smile alone";
  EXPECT_EQ(result.parts[0].known, 3);
  EXPECT_EQ(result.parts[0].support, 2);
  EXPECT_TRUE(result.parts[0].in_mean);
  EXPECT_EQ(result.parts[1].known, 2);
  EXPECT_FALSE(result.parts[1].in_mean) << "without a positive";
  EXPECT_EQ(result.parts[2].known, 0);
  EXPECT_FALSE(result.parts[2].in_mean);
  ASSERT_TRUE(result.baseline);
  EXPECT_EQ(result.baseline->answers, std::vector<std::string>{"smile"});
  EXPECT_DOUBLE_EQ(result.baseline->f1, 4. / 5);
}

TEST(PartlyKnownRows, AreDroppedWhenAsked) {
  EvaluationOptions options = with_draws(0);
  options.partly_known = PartlyKnown::kDropRow;
  EXPECT_TRUE(contains(refusal_of([&] { evaluate_task(kDecided, kPartly, options); }),
                       "expected a frame that is labelled for every output (--partly-known mask"));
  LabelSet some = kPartly;
  std::ranges::replace_if(some.videos[0].values, [](double value) { return !is_known(value); }, 0.);
  some.videos[0].values[5] = kNone;
  const TaskResult result = evaluate_task(kDecided, some, options);
  EXPECT_EQ(result.frames, 3);
  EXPECT_DOUBLE_EQ(result.score.value, 2. / 9) << "the mean over all outputs, as the challenge's";
}

TEST(PartlyKnownRows, OutputsThatCannotBeJudgedAreNamedInJson) {
  EvaluationReport report;
  report.tasks[kUnits] = evaluate_task(kDecided, kPartly, with_draws(50));
  const auto units = to_json(report).at("tasks").at("units");
  EXPECT_EQ(units.at("left_out"), (std::vector<std::string>{"frown", "wink"}));
  EXPECT_EQ(units.at("known").at("frown"), 2);
  EXPECT_TRUE(units.at("per_output").at("frown").is_null());
  EXPECT_EQ(units.at("per_output").at("smile"), units.at("f1"));
  EXPECT_FALSE(units.contains("groups"));
  EXPECT_FALSE(to_json(report).at("tasks").contains("mtl"));
}

TEST(ContinuousValues, HaveErrorsBesideTheirConcordance) {
  const LabelSet labels = own(kStars, {video_of(kStars, "v", {1, kNone, 5, 2, kNone, 4, 9, 6})});
  const TaskDecisions decided{kStars, {video_of(kStars, "v", {2, 9, 5, 1, 9, 4, 6, 8})}};
  const TaskResult result = evaluate_task(decided, labels, with_draws(0));
  Concordance fun, calm;
  for (const auto& [y, p] : std::vector<std::pair<double, double>>{{1, 2}, {5, 5}, {9, 6}}) {
    fun.add(y, p);
  }
  for (const auto& [y, p] : std::vector<std::pair<double, double>>{{2, 1}, {4, 4}, {6, 8}}) {
    calm.add(y, p);
  }
  EXPECT_EQ(result.frames, 4);
  EXPECT_NEAR(result.score.value, (fun.ccc() + calm.ccc()) / 2, 1e-12);
  ASSERT_TRUE(result.parts[0].errors);
  EXPECT_NEAR(result.parts[0].errors->mae, 4. / 3, 1e-12);
  EXPECT_NEAR(result.parts[0].errors->rmse, std::sqrt(10. / 3), 1e-12);
  EXPECT_NEAR(result.parts[0].errors->pearson, 16 / std::sqrt(32. * 26 / 3), 1e-12);
  EXPECT_EQ(result.parts[1].known, 3);
  EvaluationReport report;
  report.tasks[kStars] = result;
  const auto errors = to_json(report).at("tasks").at("stars").at("errors");
  EXPECT_NEAR(errors.at("calm").at("mae").get<double>(), 1, 1e-12);
}

TEST(ContinuousValues, AnOutputThatNobodyKnowsIsLeftOut) {
  const LabelSet labels = own(kStars, {video_of(kStars, "v", {1, kNone, 5, kNone, 9, kNone})});
  const TaskDecisions decided{kStars, {video_of(kStars, "v", {1, 9, 5, 9, 9, 9})}};
  const TaskResult result = evaluate_task(decided, labels, with_draws(0));
  EXPECT_DOUBLE_EQ(result.score.value, 1);
  EXPECT_FALSE(result.parts[1].in_mean);
}

/// Six films of one frame, with labels that make the persons differ.
LabelSet persons(bool with_groups) {
  LabelSet set = own(kMood, {});
  set.groups = {"ann", "bob"};
  for (int v = 0; v < 6; ++v) {
    VideoLabels video = video_of(kMood, "v" + std::to_string(v), {static_cast<double>(v % 2)});
    if (with_groups) video.groups = {v < 3 ? 0 : 1};
    set.videos.push_back(std::move(video));
  }
  return set;
}

TaskDecisions answers_of(const LabelSet& labels, std::vector<double> answers) {
  TaskDecisions decided{labels.task, labels.videos};
  for (std::size_t v = 0; v < answers.size(); ++v) decided.videos[v].values = {answers[v]};
  return decided;
}

TEST(Groups, AreWhatTheBootstrapDraws) {
  const LabelSet grouped = persons(true), plain = persons(false);
  const std::vector<double> answers = {0, 1, 0, 0, 1, 0};  // all of ann's right, none of bob's
  const auto found = evaluate_task(answers_of(grouped, answers), grouped, with_draws(400));
  const auto by_video = evaluate_task(answers_of(plain, answers), plain, with_draws(400));
  EXPECT_EQ(found.groups, 2);
  EXPECT_EQ(found.videos, 6);
  EXPECT_EQ(by_video.groups, 0);
  EXPECT_EQ(found.score.value, by_video.score.value);
  ASSERT_TRUE(found.score.interval && by_video.score.interval);
  EXPECT_LE(found.score.interval->low, by_video.score.interval->low);
  EXPECT_EQ(found.score.interval->high, 1) << "draws of ann alone";
  EvaluationReport report;
  report.tasks[kMood] = found;
  EXPECT_EQ(to_json(report).at("tasks").at("mood").at("groups"), 2);
}

TEST(Groups, CrossVideosAndDivideThem) {
  LabelSet set = own(kMood, {video_of(kMood, "photos", {0, 1, 0, 1}), video_of(kMood, "w", {1})});
  set.groups = {"ann", "bob"};
  set.videos[0].groups = {0, 1, 0, 1};
  set.videos[1].groups = {0};
  const TaskDecisions right{kMood, set.videos};
  const auto result = evaluate_task(right, set, with_draws(20));
  EXPECT_EQ(result.groups, 2);
  EXPECT_EQ(result.videos, 2);
  EXPECT_DOUBLE_EQ(result.score.value, 1);
}

}  // namespace
}  // namespace mien
