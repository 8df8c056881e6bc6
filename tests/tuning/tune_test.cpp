#include "mien/tuning/tune.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "expectations.h"
#include "mien/data/challenge.h"
#include "mien/tuning/report.h"
#include "mien/tuning/search.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

/// AU labels of a video of two frames: ones everywhere, then `second`.
VideoLabels labels(const std::string& video, double second) {
  std::vector<double> values(2 * kActionUnits, 1);
  for (std::size_t u = 0; u < kActionUnits; ++u) values[kActionUnits + u] = second;
  return {video, {1, 2}, values};
}

VideoScores scores(const std::string& video, float first, float second) {
  std::vector<float> values(2 * kActionUnits, first);
  for (std::size_t u = 0; u < kActionUnits; ++u) values[kActionUnits + u] = second;
  return {video, {1, 2}, values};
}

TuneOptions levels_only() {
  TuneOptions options;
  options.ingredients = {Ingredient::kLevels};
  options.bootstrap.draws = 50;
  return options;
}

const LabelSet kLabels{au_task(), Split::kValidation, {labels("a", 0), labels("b", 0)}, {}};
const TaskScores kLow{au_task(), {scores("a", .3F, .1F), scores("b", .3F, .1F)}};

TEST(Tune, FindsThresholdsThatSeparate) {
  const TaskTuning found = tune_task({kLow}, kLabels, levels_only());
  EXPECT_EQ(found.raw.value, 0);
  EXPECT_EQ(found.scores.in_sample.value, 1);
  EXPECT_EQ(found.scores.out_of_fold.value, 1);
  EXPECT_EQ(found.folds, 2);
  EXPECT_EQ(found.frames, 4);
  for (const double threshold : found.rule.thresholds) EXPECT_NEAR(threshold, .2, 1e-6);
}

TEST(Tune, LeavesAloneWhatDoesNotPay) {
  const TaskScores good{au_task(), {scores("a", .7F, .1F), scores("b", .7F, .1F)}};
  const TaskTuning found = tune_task({good}, kLabels, levels_only());
  EXPECT_EQ(found.rule, DecisionRule());
  ASSERT_EQ(found.ingredients.size(), 1U);
  EXPECT_FALSE(found.ingredients[0].kept);
  EXPECT_EQ(found.scores.gain.value, 0);
}

TEST(Tune, AFrameWithAnUnknownAuDoesNotCount) {
  LabelSet some = kLabels;
  some.videos[0].values[3] = kUnknown;
  EXPECT_EQ(tune_task({kLow}, some, levels_only()).frames, 3);
}

TEST(Tune, NeedsTwoRecordings) {
  const LabelSet twins{
      au_task(), Split::kValidation, {labels("a_left", 0), labels("a_right", 0)}, {}};
  const TaskScores of_twins{au_task(), {scores("a_left", .3F, .1F), scores("a_right", .3F, .1F)}};
  EXPECT_TRUE(
      contains(refusal_of([&] { tune_task({of_twins}, twins, levels_only()); }), "1 recording"));
}

TEST(Tune, NeedsScoresOfLabelledFrames) {
  const TaskScores strangers{au_task(), {scores("x", .3F, .1F)}};
  EXPECT_TRUE(
      contains(refusal_of([&] { tune_task({strangers}, kLabels, levels_only()); }), "au labels"));
}

TEST(Tune, KnowsItsIngredientsByName) {
  for (const Ingredient one : kIngredients) {
    EXPECT_EQ(ingredient_from_name(ingredient_name(one), "x"), one);
  }
  EXPECT_TRUE(contains(refusal_of([&] { ingredient_from_name("blnd", "--ingredients"); }),
                       "did you mean blend?"));
}

TEST(Tune, UnknownClassesDoNotCountInFolds) {
  const LabelSet some{.task = expr_task(),
                      .videos = {{.video = "a", .frames = {1, 2}, .values = {kUnknown, 3}},
                                 {.video = "b", .frames = {1}, .values = {kUnknown}},
                                 {.video = "c", .frames = {1}, .values = {3}}}};
  const auto folds = stratified_folds(some, 2, 5);
  ASSERT_EQ(folds.size(), 3U);
  EXPECT_NE(folds[0], folds[2]) << "each fold has its share of the class";
}

/// Six photos in one folder, of three persons; each output is known on some of them only.
TEST(Tune, PhotosOfOneFolderAreCrossFittedByPerson) {
  const Task task("units", TaskKind::kBinary, {"smile", "frown"});
  const double none = kUnknown;
  LabelSet photos{.task = task,
                  .split = Split::kValidation,
                  .groups = {"ann", "bob", "cy"},
                  .partly_known = PartlyKnown::kMaskValue};
  photos.videos = {{.video = "p",
                    .frames = {1, 2, 3, 4, 5, 6},
                    .values = {1, none, 0, none, 1, none, 0, 0, 1, 0, 0, none},
                    .groups = {0, 0, 1, 1, 2, 2}}};
  const TaskScores of_photos{
      task, {{"p", {1, 2, 3, 4, 5, 6}, {.3F, 0, .1F, 0, .3F, 0, .1F, 0, .3F, 0, .1F, 0}, false}}};
  TuneOptions options = levels_only();
  options.ingredients = {Ingredient::kSmoothing, Ingredient::kLevels};
  const TaskTuning found = tune_task({of_photos}, photos, options);
  EXPECT_EQ(found.folds, 3);
  EXPECT_EQ(found.videos, 3) << "persons";
  EXPECT_EQ(found.frames, 6);
  ASSERT_EQ(found.ingredients.size(), 1U) << "photos have nothing to smooth";
  EXPECT_EQ(found.raw.value, 0);
  EXPECT_EQ(found.scores.out_of_fold.value, 1) << "the F1 of smile alone";
  EXPECT_NEAR(found.rule.thresholds.at(0), .2, 1e-6);
  photos.videos[0].groups = {0, 0, 0, 0, 0, 0};
  EXPECT_TRUE(contains(refusal_of([&] { tune_task({of_photos}, photos, options); }), "1 "));
}

TEST(TuneReport, SaysWhichNumberIsOptimistic) {
  TuneReport report{.tasks = {tune_task({kLow}, kLabels, levels_only())}, .runs = {"r"}};
  const std::string text = to_text(report);
  EXPECT_NE(text.find("optimistic"), std::string::npos);
  EXPECT_NE(text.find("thresholds"), std::string::npos);
  const auto json = to_json(report);
  EXPECT_EQ(json.at("au").at("thresholds").size(), kActionUnits);
  EXPECT_EQ(json.at("au").at("smoothing"), 0);
  EXPECT_EQ(json.at("au").at("ingredients").at("levels").at("kept"), true);
  EXPECT_EQ(json.at("au").at("raw_f1"), 0);
}

TEST(Search, OfNothingKeepsWhatThereIs) {
  EXPECT_EQ(best_threshold({}, {}, {}).value, 0.5);
  EXPECT_EQ(fit_class_biases({}, {}, std::vector<double>(kExpressions, 0.5), {}),
            std::vector<double>(kExpressions, 0.5));
}

TEST(Search, AnAuThatNeverOccursKeepsItsThreshold) {
  const std::vector<float> some = {.1F, .6F, .9F};
  const std::vector<std::uint8_t> none = {0, 0, 0};
  EXPECT_EQ(best_threshold(some, none, {}).value, 0.5);
}

TEST(Search, ARunThatIsAllRightTakesTheWholeBlend) {
  BlendRows rows{expr_task(), {}, {0, 1, 2}};
  rows.runs.assign(2, std::vector<float>(3 * kExpressions, 0.0F));
  for (std::size_t i = 0; i < 3; ++i) {
    rows.runs[0][i * kExpressions + 7] = 1;
    rows.runs[1][i * kExpressions + i] = 1;
  }
  EXPECT_EQ(fit_blend(rows, {}), (std::vector<double>{0, 1}));
}

}  // namespace
}  // namespace mien
