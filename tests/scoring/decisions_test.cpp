#include "mien/scoring/decisions.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "mien/scoring/decisions_file.h"
#include "temporary_folder.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;
using testing::TemporaryFolder;

std::vector<float> row(float first, float second) {
  std::vector<float> p(kExpressions, 0.0F);
  p[0] = first;
  p[1] = second;
  return p;
}

TEST(Decisions, WithoutARuleAreThoseOfTheScores) {
  const auto p = row(0.4F, 0.6F);
  EXPECT_EQ(decide(expr_task(), p, {}), decide(expr_task(), p));
  const std::vector<float> units = {0.5F, 0.49F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(decide(au_task(), units, {}), decide(au_task(), units));
}

TEST(Decisions, AnIngredientIsShownAsPeopleKnowIt) {
  EXPECT_EQ(shown_ingredient(expr_task(), "levels"), "biases");
  EXPECT_EQ(shown_ingredient(au_task(), "blend+levels"), "blend+thresholds");
  EXPECT_EQ(shown_ingredient(va_task(), "smoothing"), "smoothing");
}

TEST(Decisions, ABiasIsAddedToTheLogProbability) {
  DecisionRule rule;
  rule.bias.assign(kExpressions, 0);
  rule.bias[0] = std::log(1.6);
  EXPECT_EQ(decide(expr_task(), row(0.4F, 0.6F), rule), std::vector<double>{0});
  rule.bias[0] = std::log(1.4);
  EXPECT_EQ(decide(expr_task(), row(0.4F, 0.6F), rule), std::vector<double>{1});
}

TEST(Decisions, AClassOfProbabilityZeroCanStillBeChosenByItsBias) {
  DecisionRule rule;
  rule.bias.assign(kExpressions, 0);
  rule.bias[7] = 100;
  EXPECT_EQ(decide(expr_task(), row(0.4F, 0.6F), rule), std::vector<double>{7});
}

TEST(Decisions, AThresholdIsReachedByEquality) {
  DecisionRule rule;
  rule.thresholds.assign(kActionUnits, 0.25);
  std::vector<float> p(kActionUnits, 0.25F);
  p[3] = 0.2499F;
  std::vector<double> expected(kActionUnits, 1);
  expected[3] = 0;
  EXPECT_EQ(decide(au_task(), p, rule), expected);
}

const std::vector<TaskScores> kTwoRuns = {
    {va_task(), {{"a", {1, 3}, {0, 0, 1, 1}}, {"only_first", {1}, {1, 0}}}},
    {va_task(), {{"a", {2, 4}, {1, 0, 0, 1}}, {"only_second", {5}, {0, 1}}}}};

TEST(Blend, TakesTheFirstRunsFramesAndInterpolatesTheOthers) {
  const TaskScores out = blend(kTwoRuns, std::vector{0.5, 0.5});
  ASSERT_EQ(out.videos.size(), 3U);
  EXPECT_EQ(out.videos[0].frames, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(out.videos[0].values, (std::vector<float>{0.5F, 0, 0.75F, 0.75F}));
}

TEST(Blend, AVideoOfOneRunIsThatRuns) {
  for (const auto& weights : {std::vector{0.25, 0.75}, std::vector{1.0, 0.0}}) {
    const TaskScores out = blend(kTwoRuns, weights);
    EXPECT_EQ(out.videos[1].values, kTwoRuns[0].videos[1].values);
    EXPECT_EQ(out.videos[2].values, kTwoRuns[1].videos[1].values);
    EXPECT_EQ(out.videos[2].frames, kTwoRuns[1].videos[1].frames);
  }
}

TEST(Blend, AllWeightOnTheFirstChangesNothing) {
  const TaskScores out = blend(kTwoRuns, std::vector{1.0, 0.0});
  EXPECT_EQ(out.videos[0].values, kTwoRuns[0].videos[0].values);
}

TEST(DecisionsFile, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  DecisionsFile file;
  file.runs = {{".", "best", "ab"}, {"/other", "last", "cd"}};
  DecisionRule& expr = file.rules[expr_task()];
  expr.weights = {0.1, 0.9};
  expr.smoothing = {SmoothingKind::kMedian, 30};
  expr.bias = {0, -1.0 / 3, 2, 0, 0, 0, 0, 1e-17};
  DecisionRule& units = file.rules[au_task()];
  units.weights = {1, 0};
  units.thresholds.assign(kActionUnits, 0.1);
  units.thresholds[4] = 1.0 / 7;
  file.rules[va_task()].smoothing = {SmoothingKind::kGaussian, 4};
  write_decisions(folder.path() / "decisions.json", file);
  const DecisionsFile read = read_decisions(folder.path() / "decisions.json");
  EXPECT_EQ(read.rules, file.rules);
  ASSERT_EQ(read.runs.size(), 2U);
  EXPECT_EQ(read.runs[1].path, "/other");
  EXPECT_EQ(read.runs[1].weights, "last");
  EXPECT_EQ(read.runs[1].weights_sha256, "cd");
}

TEST(DecisionsFile, KeepsRulesOfTasksThatAreDeclared) {
  const Task mood("mood", TaskKind::kClasses, {"sad", "happy"});
  const Task units("units", TaskKind::kBinary, {"smile", "frown", "wink"});
  const TemporaryFolder folder;
  DecisionsFile file;
  file.runs = {{".", "best", "ab"}};
  file.rules[mood].bias = {0, .25};
  file.rules[units].thresholds = {.1, .5, .9};
  write_decisions(folder.path() / "decisions.json", file);
  EXPECT_EQ(read_decisions(folder.path() / "decisions.json").rules, file.rules);
  EXPECT_EQ(to_json(mood, {}).at("bias"), std::vector<double>(2));
  EXPECT_EQ(decide(mood, std::vector<float>{.6F, .4F}, {.bias = {0, 1}}), std::vector<double>{1});
  EXPECT_EQ(decide(units, std::vector<float>{.1F, .4F, .8F}, file.rules[units]),
            (std::vector<double>{1, 0, 0}));
}

TEST(DecisionsFile, AbsentBiasesAndThresholdsAreWrittenAsWhatTheyMean) {
  EXPECT_EQ(to_json(expr_task(), {}).at("bias"), std::vector<double>(kExpressions));
  EXPECT_EQ(to_json(au_task(), {}).at("thresholds"), std::vector<double>(kActionUnits, 0.5));
}

TEST(DecisionsFile, ThatIsNoObjectIsRefused) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "decisions.json";
  for (const char* text : {"", "[]", "3", "null", "{\"format\": 3}"}) {
    std::ofstream(file) << text;
    EXPECT_TRUE(contains(refusal_of([&] { read_decisions(file); }), "decisions.json"));
  }
}

TEST(DecisionRules, AreToldWithoutWhatChangesNothing) {
  DecisionRule rule;
  EXPECT_EQ(text_of(rule), "untuned");
  rule.bias.assign(8, 0.);
  rule.thresholds.assign(12, .5);
  rule.weights = {1};
  EXPECT_EQ(text_of(rule), "untuned");
  rule.smoothing = {SmoothingKind::kBox, 7};
  rule.bias = {.25, -1};
  EXPECT_EQ(text_of(rule), "smoothing box of half-window 7; biases 0.250 -1.000");
  rule.weights = {.5, .5};
  rule.bias.clear();
  rule.thresholds = {.5, .125};
  EXPECT_EQ(text_of(rule),
            "weights 0.500 0.500; smoothing box of half-window 7; thresholds 0.500 0.125");
}

TEST(RuleFor, GivesTheDefaultForATaskThatWasNotTuned) {
  const DecisionRules rules = {{au_task(), {.thresholds = std::vector<double>(12, .3)}}};
  EXPECT_EQ(rule_for(rules, au_task()).thresholds.front(), .3);
  EXPECT_EQ(rule_for(rules, expr_task()), DecisionRule());
}

}  // namespace
}  // namespace mien
