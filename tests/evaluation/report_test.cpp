#include "mien/evaluation/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mien/data/challenge.h"

namespace mien {
namespace {

EvaluationReport full_report(std::int64_t draws, PartlyKnown policy = PartlyKnown::kDropRow) {
  EvaluationOptions options;
  options.bootstrap.draws = draws;
  options.partly_known = policy;
  EvaluationReport report;
  const auto add = [&](Task task, const std::vector<double>& truth,
                       const std::vector<double>& prediction) {
    const std::size_t rows = truth.size() / label_columns(task);
    std::vector<std::int32_t> frames;
    for (std::size_t i = 0; i < rows; ++i) frames.push_back(static_cast<std::int32_t>(i) + 1);
    auto decided = frames;
    decided.pop_back();
    const std::vector<double> values(
        prediction.begin(), prediction.end() - static_cast<std::ptrdiff_t>(label_columns(task)));
    report.tasks[task] =
        evaluate_task({task, {{"v", decided, values}}},
                      {task,
                       Split::kValidation,
                       {{"v", frames, truth}, {"w", {1}, std::vector<double>(label_columns(task))}},
                       {}},
                      options);
  };
  add(expr_task(), {0, 0, 4, 7}, {0, 4, 4, 7});
  std::vector<double> units(48, 0.0F);
  units[0] = units[12] = 1;
  add(au_task(), units, units);
  add(va_task(), {0, 0, .5F, .5F, 1, 1, 0, 0}, {0, .1F, .5F, .4F, 1, .9F, 0, 0});
  return report;
}

TEST(EvaluationJson, HasTheKeysOfTheContract) {
  auto report = full_report(100);
  report.decisions = R"({"expr": {"smoothing": 3}})";
  const auto json = to_json(report);
  EXPECT_EQ(json.at("split"), "validation");
  EXPECT_EQ(json.at("decisions").at("expr").at("smoothing"), 3);
  const auto& expr = json.at("tasks").at("expr");
  EXPECT_NEAR(expr.at("f1").get<double>(), (2.0 / 3 + 2.0 / 3) / 8, 1e-15);
  EXPECT_EQ(expr.at("ci95").size(), 2U);
  EXPECT_EQ(expr.at("frames"), 3);
  EXPECT_EQ(expr.at("videos"), 1);
  EXPECT_EQ(expr.at("per_class").size(), 8U);
  EXPECT_EQ(expr.at("confusion").size(), 8U);
  EXPECT_EQ(expr.at("confusion").at(0).at(4), 1);
  EXPECT_EQ(expr.at("baseline").at("kind"), "majority");
  EXPECT_EQ(json.at("tasks").at("au").at("per_au").at("AU1"), 1.0);
  EXPECT_EQ(json.at("tasks").at("au").at("policy"), "drop_frame");
  EXPECT_TRUE(json.at("tasks").at("va").contains("valence"));
  EXPECT_EQ(json.at("missing_frames"), 6);
  EXPECT_TRUE(json.contains("scoring_seconds"));
}

TEST(EvaluationJson, HasNoIntervalWithoutDraws) {
  EXPECT_TRUE(to_json(full_report(0)).at("tasks").at("expr").at("ci95").is_null());
}

TEST(EvaluationJson, NamesWhatIsUndefinedAndMissing) {
  const auto expr = to_json(full_report(0)).at("tasks").at("expr");
  EXPECT_EQ(expr.at("undefined").size(), 6U);
  EXPECT_EQ(expr.at("missing_videos").at(0), "w");
}

TEST(EvaluationJson, AddsThreeTasksUpToP) {
  auto report = full_report(0);
  const auto json = to_json(report);
  const auto& tasks = json.at("tasks");
  EXPECT_NEAR(tasks.at("mtl").at("p").get<double>(),
              tasks.at("va").at("ccc").get<double>() + tasks.at("expr").at("f1").get<double>() +
                  tasks.at("au").at("f1").get<double>(),
              1e-15);
  report.tasks.erase(va_task());
  EXPECT_FALSE(to_json(report).at("tasks").contains("mtl"));
}

TEST(EvaluationText, TellsAPersonWhatTheNumbersAre) {
  const std::string text = to_text(full_report(100));
  for (const char* part :
       {"EXPR", "95 %", "majority", "accuracy", "Happiness", "confusion (rows: truth", "AU26",
        "frames with an output that is not labelled are left out", "valence", "MTL",
        "2 labelled frames without a prediction, left out", "without any prediction: 1 video (w)",
        "neither labelled nor predicted here"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(EvaluationText, NamesTheOtherActionUnitPolicy) {
  EXPECT_NE(to_text(full_report(0, PartlyKnown::kMaskValue))
                .find("each output is scored on the frames that are labelled for it"),
            std::string::npos);
}

}  // namespace
}  // namespace mien
