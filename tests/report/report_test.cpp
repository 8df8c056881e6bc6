#include "mien/report/report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using nlohmann::json;
using testing::contains;
using testing::TemporaryFolder;

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

std::vector<std::string> names(const std::string& beginning, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(beginning + std::to_string(i));
  return out;
}

const Task kEmotion("emotion", TaskKind::kClasses, {"calm", "<happy> & co", "sad"});
const Task kSigns("signs", TaskKind::kBinary, {"blink", "a~b", "nod"});
const Task kPain("pain", TaskKind::kContinuous, {"level", "valence"}, {0, 10});

/// What mien evaluate says of a task, in round numbers: .1 for the first output, .2 for the second.
json result_of(const Task& task) {
  json out = {{metric_name(task), .4321}, {"ci95", {.4, .5}}, {"frames", 40}, {"videos", 3}};
  json& scores = out[outputs_key(task)];
  double value = 0;
  for (const std::string& name : task.outputs()) {
    scores[name] = value += .1;
    out[outputs_key(task) + "_ci95"][name] = {value - .05, value + .05};
    out[task.is_continuous() ? "known" : "support"][name] = 20;
  }
  if (task.is_classes()) {
    const std::size_t n = task.outputs().size();
    out["confusion"] = std::vector(n, std::vector<int>(n, 1));
    out["accuracy"] = .25;
  }
  return out;
}

/// A run of these tasks that was evaluated; nothing else is known of it.
ReportRun run_of(const std::vector<Task>& tasks, const std::string& name = "run") {
  ReportRun run;
  run.files.name = name;
  run.files.tasks = tasks;
  run.files.evaluation = {{"tasks", json::object()}, {"decisions", json::object()}};
  for (const Task& task : tasks) run.files.evaluation["tasks"][task.name()] = result_of(task);
  return run;
}

/// Ten frames of a video with scores and labels of `task`: output 0 rises, the label is 1 (or class
/// 0) in the second half.
void add_video(ReportRun& run, const Task& task, const std::string& video) {
  const std::size_t columns = score_columns(task), width = label_columns(task);
  VideoScores scores{.video = video};
  VideoLabels labels{.video = video};
  for (std::int32_t frame = 1; frame <= 10; ++frame) {
    scores.frames.push_back(frame);
    labels.frames.push_back(frame);
    for (std::size_t c = 0; c < columns; ++c) {
      const float rising = static_cast<float>(frame) / 10;
      scores.values.push_back(c == 0 ? rising : 1 - rising);
    }
    const bool late = frame > 5;
    for (std::size_t c = 0; c < width; ++c)
      labels.values.push_back(task.is_classes() ? !late : late);
  }
  TaskScores& all = run.probabilities[task];
  all.task = task;
  all.videos.push_back(std::move(scores));
  for (LabelSet& set : run.labels) {
    if (set.task == task) return set.videos.push_back(std::move(labels));
  }
  run.labels.push_back(
      {.task = task, .split = Split::kValidation, .videos = {labels}, .files = {}, .groups = {}});
}

TEST(ReportTest, ShowsTasksOfAnyNameAndKind) {
  const std::string page = report_html({run_of({kEmotion, kPain, kSigns})});
  for (const char* part :
       {"<strong>emotion F1</strong>", "<strong>pain CCC</strong>", "<strong>signs F1</strong>",
        "emotion: F1 of each class", "signs: F1 of each output", "pain: CCC of each output",
        "every output always 1", "Classes and outputs", "emotion: confusion, run",
        "0.2000 <span class=\"ci\">[0.150, 0.250]</span>"}) {
    EXPECT_TRUE(contains(page, part));
  }
  for (const char* part : {"EXPR", "AU F1", "action unit", "<happy>", "official"}) {
    EXPECT_FALSE(contains(page, part)) << part;
  }
  EXPECT_TRUE(contains(page, "&lt;happy&gt; &amp; co"));
  EXPECT_TRUE(contains(page, ">a~b</th><td>0.2000"));  // a pointer has another word for ~
}

TEST(ReportTest, SeveralTasksOfOneKindStandSideBySide) {
  const Task other("mood", TaskKind::kClasses, {"good", "bad"});
  const std::string page = report_html({run_of({kEmotion, other})});
  for (const char* part : {"emotion F1", "mood F1", "emotion: confusion", "mood: confusion"}) {
    EXPECT_TRUE(contains(page, part));
  }
}

TEST(ReportTest, ATaskOfOneNameButOtherOutputsIsNotMixedUp) {
  const Task fewer("emotion", TaskKind::kClasses, {"calm", "sad"});
  const std::string page = report_html({run_of({kEmotion}, "three"), run_of({fewer}, "two")});
  EXPECT_EQ(count_of(page, "<strong>emotion F1</strong>"), 2U);
  EXPECT_EQ(count_of(page, ">emotion: confusion"), 2U);
}

TEST(ReportTest, SaysWhichOutputsTheMeanLeavesOut) {
  ReportRun run = run_of({kSigns});
  json& result = run.files.evaluation["tasks"]["signs"];
  result["left_out"] = {"nod"};
  result["per_output"]["nod"] = nullptr;
  result["known"] = {{"blink", 1200}, {"a~b", 40}, {"nod", 7}};
  const std::string page = report_html({run});
  EXPECT_TRUE(contains(page, ">nod</th><td>no positive label</td><td>20 of 7</td>"));
  EXPECT_TRUE(contains(page, "<td>20 of 1,200</td>"));
  EXPECT_TRUE(contains(page,
                       "signs F1 of run is the mean over 2 of 3 outputs, without those that "
                       "have no positive label: nod."));
  // Over the outputs of the mean, each of its own labels: 2 s / (s + n).
  const double expected = (40. / 1220 + 40. / 60) / 2;
  char text[16];
  std::snprintf(text, sizeof text, "<td>%.4f</td>", expected);
  EXPECT_TRUE(contains(page, std::string("every output always 1</th>") + text));
}

TEST(ReportTest, ContinuousTasksHaveTheirErrorsBesideTheConcordance) {
  ReportRun run = run_of({kPain});
  run.files.evaluation["tasks"]["pain"]["errors"]["level"] = {
      {"pearson", .5}, {"mae", 1.25}, {"rmse", 2.5}};
  const std::string page = report_html({run});
  EXPECT_TRUE(contains(page, "Pearson / MAE / RMSE"));
  EXPECT_TRUE(contains(page, "0.5000 / 1.2500 / 2.5000"));
}

TEST(ReportTest, OfFortyOutputsAllAreNamedAndHaveRoom) {
  const Task many("many", TaskKind::kClasses, names("class ", 40));
  const Task long_names("long", TaskKind::kBinary, names(std::string(60, 'x') + " ", 40));
  ReportRun run = run_of({many, long_names});
  add_video(run, many, "v");
  add_video(run, long_names, "v");
  const std::string page = report_html({run});
  EXPECT_TRUE(contains(page, ">class 39</text>"));
  EXPECT_TRUE(contains(page, std::string(17, 'x') + "…" + std::string(7, 'x') + " 39</text>"));
  EXPECT_TRUE(contains(page, "<title>" + std::string(60, 'x') + " 39</title>"));
  EXPECT_TRUE(contains(page, "class=\"chart wide\" role=\"img\" tabindex=\"0\" viewBox=\"0 0 10"));
  EXPECT_EQ(count_of(page, "class=\"cell "), 1600U);
}

TEST(ReportTest, VeryManyClassesAreATableWithoutAMatrix) {
  const std::string page =
      report_html({run_of({Task("who", TaskKind::kClasses, names("c", 240))})});
  EXPECT_EQ(count_of(page, "class=\"cell "), 0U);
  EXPECT_TRUE(contains(page, "charts show the first 60 of 240 outputs"));
  EXPECT_TRUE(contains(page, ">c239</th>"));
}

TEST(ReportTest, ATimelineIsDrawnOfFilmsOnly) {
  ReportRun run = run_of({kSigns});
  add_video(run, kSigns, "clip");
  add_video(run, kSigns, "photos");
  run.probabilities.at(kSigns).videos[1].film = false;
  const auto chosen = chosen_videos(run, kSigns);
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].video, "clip");
  const std::string page = report_html({run});
  EXPECT_TRUE(contains(page, "best video, clip"));
  EXPECT_FALSE(contains(page, "video, photos"));
  run.probabilities.at(kSigns).videos[0].film = false;
  EXPECT_TRUE(chosen_videos(run, kSigns).empty());
  EXPECT_FALSE(contains(report_html({run}), "id=\"timelines\""));
}

TEST(ReportTest, PartlyKnownLabelsCountWhereTheyAreKnown) {
  ReportRun run = run_of({kSigns});
  add_video(run, kSigns, "v");
  LabelSet& labels = run.labels.front();
  for (std::size_t row = 0; row < 10; ++row) labels.videos[0].values[3 * row + 1] = kUnknown;
  EXPECT_TRUE(chosen_videos(run, kSigns).empty());  // every row is dropped
  EXPECT_EQ(count_of(report_html({run}), "Precision against recall"), 0U);
  labels.partly_known = PartlyKnown::kMaskValue;
  const auto chosen = chosen_videos(run, kSigns);
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].score, 0);  // nod is wrong throughout
  for (std::size_t row = 0; row < 4; ++row) labels.videos[0].values[3 * row + 2] = kUnknown;
  EXPECT_EQ(chosen_videos(run, kSigns)[0].score, .4);
  EXPECT_EQ(count_of(report_html({run}), "Precision against recall"), 2U);
}

TEST(ReportTest, AContinuousTaskIsDrawnOverItsRange) {
  ReportRun run = run_of({kPain});
  add_video(run, kPain, "v");
  run.files.evaluation["tasks"]["pain"]["per_video"] = {{{"video", "v"}, {"score", .5}}};
  for (float& value : run.probabilities.at(kPain).videos[0].values) value = 5;
  const std::string page = report_html({run});
  // The middle of the first of two rows of 26 pixels, below a margin of 26.
  EXPECT_TRUE(contains(page, "class=\"line score\" d=\"M74 39"));
  EXPECT_TRUE(contains(page, "continuous values over their range"));
  EXPECT_TRUE(contains(page, "ranked by their own error (pain, the RMSE)."));
}

TEST(ReportTest, CurvesAreOfEveryTask) {
  ReportRun run = run_of({kEmotion, kPain, kSigns});
  NumberTable& table = run.files.metrics;
  for (const char* name : {"epoch", "validation_emotion_f1", "validation_pain_ccc",
                           "validation_signs_f1", "cvar_level_emotion", "cvar_level_signs"}) {
    table.names.emplace_back(name);
    table.columns[name] = {1, 2, 3};
  }
  const std::string page = report_html({run});
  for (const char* title : {"emotion F1, validation", "pain CCC, validation",
                            "signs F1, validation", "CVaR level (loss at the tail&#39;s edge)"}) {
    EXPECT_TRUE(contains(page, title));
  }
  EXPECT_TRUE(contains(page, "solid: emotion; broken: signs"));
}

TEST(ReportTest, TheChallengesTasksKeepTheirWords) {
  const std::string page = report_html({run_of({expr_task()})});
  for (const char* part : {"EXPR F1", "F1 of each expression", "Classes and action units",
                           "Confusion, run", "official metrics"}) {
    EXPECT_TRUE(contains(page, part));
  }
}

TEST(RunFilesTest, TasksAreThoseOfTheRecordOrOfTheChallenge) {
  const TemporaryFolder folder;
  folder.write("config.yaml", "");
  EXPECT_EQ(read_run_files(folder.path()).tasks, challenge_tasks());
  const json tasks = {{"tasks", to_json(std::vector<Task>{expr_task(), kSigns})}};
  folder.write("record.json", tasks.dump());
  EXPECT_EQ(read_run_files(folder.path()).tasks, (std::vector<Task>{expr_task(), kSigns}));
}

}  // namespace
}  // namespace mien
