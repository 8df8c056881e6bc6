#include "mien/scoring/task_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "mien/data/challenge.h"
#include "mien/scoring/scores.h"
#include "mien/scoring/smoothing.h"

namespace mien {
namespace {

const double kNone = kUnknown;
const Task kMood("mood", TaskKind::kClasses, {"sad", "happy", "never"});
const Task kUnits("units", TaskKind::kBinary, {"smile", "frown", "wink"});
const Task kStars("stars", TaskKind::kContinuous, {"fun", "calm", "never"}, {0, 10});

TaskCounts counted(const Task& task, const std::vector<double>& truth,
                   const std::vector<double>& decided) {
  TaskCounts counts(task);
  counts.add(truth, decided);
  return counts;
}

TEST(TaskCountsTest, LeavesOutWhatIsNotKnown) {
  const TaskCounts mood = counted(kMood, {0, kNone, 1}, {0, 1, 0});
  EXPECT_EQ(mood.confusion().total(), 2);
  const TaskCounts units = counted(kUnits, {1, kNone, 0, kNone, kNone, kNone}, {1, 1, 1, 1, 1, 1});
  EXPECT_EQ(units.outputs().outputs[0].tp, 1);
  EXPECT_EQ(units.outputs().outputs[1].total(), 0);
  EXPECT_EQ(units.outputs().outputs[2].fp, 1);
  const TaskCounts stars = counted(kStars, {1, kNone, kNone, 2, 3, kNone}, {1, 9, 9, 2, 3, 9});
  EXPECT_EQ(stars.moments()[0].count(), 2);
  EXPECT_EQ(stars.moments()[1].count(), 1);
  EXPECT_EQ(stars.moments()[2].count(), 0);
}

TEST(TaskCountsTest, TheMeanIsOverWhatCanBeJudged) {
  const TaskCounts units = counted(kUnits, {1, 0, kNone, 1, 0, kNone}, {1, 0, 1, 0, 1, 0});
  EXPECT_EQ(units.in_mean(PartlyKnown::kMaskValue), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(units.in_mean(PartlyKnown::kDropRow), (std::vector<bool>{true, true, true}));
  EXPECT_DOUBLE_EQ(units.mean(units.in_mean(PartlyKnown::kMaskValue)), 2. / 3);
  EXPECT_DOUBLE_EQ(units.mean(units.in_mean(PartlyKnown::kDropRow)), 2. / 9);

  const TaskCounts stars =
      counted(kStars, {1, 4, kNone, 2, 4, kNone, 3, 4, kNone}, {1, 4, 5, 2, 5, 5, 3, 6, 5});
  EXPECT_EQ(stars.in_mean(PartlyKnown::kMaskValue), (std::vector<bool>{true, true, false}))
      << "labels that do not vary are judged too";
  EXPECT_DOUBLE_EQ(stars.mean(stars.in_mean(PartlyKnown::kMaskValue)), .5);

  const TaskCounts mood = counted(kMood, {0, 1}, {0, 1});
  EXPECT_EQ(mood.in_mean(PartlyKnown::kMaskValue), (std::vector<bool>{true, true, true}))
      << "a class that does not occur is judged as it ever was";
  EXPECT_DOUBLE_EQ(mood.mean(mood.in_mean(PartlyKnown::kMaskValue)), 2. / 3);
  EXPECT_EQ(mood.mean({false, false, false}), 0);
}

TEST(TaskCountsTest, MergesCopies) {
  for (const Task& task : {kMood, kUnits, kStars}) {
    const std::size_t columns = label_columns(task);
    std::vector<double> truth(12 * columns), decided(12 * columns);
    std::mt19937 random(1);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      truth[i] = random() % 4 == 0 ? kNone : random() % 2;
      decided[i] = random() % 2;
    }
    TaskCounts merged(task), added(task);
    for (int copies = 0; copies < 3; ++copies) added.add(truth, decided);
    merged.merge(counted(task, truth, decided), 3);
    merged.merge(TaskCounts(task), 5);
    const auto expected = added.scores(), found = merged.scores();
    for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_NEAR(found[k], expected[k], 1e-12);
  }
}

TEST(ConcordanceErrors, AreTheirDefinitions) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> truth, decided;
  Concordance first, second;
  for (int i = 0; i < 200; ++i) {
    truth.push_back(3 + 2 * normal(random));
    decided.push_back(1 + .5 * truth.back() + normal(random));
    (i < 60 ? first : second).add(truth.back(), decided.back());
  }
  first.merge(second);
  long double n = 200, y = 0, p = 0, yy = 0, pp = 0, yp = 0, absolute = 0, squares = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) y += truth[i] / n, p += decided[i] / n;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    yy += (truth[i] - y) * (truth[i] - y);
    pp += (decided[i] - p) * (decided[i] - p);
    yp += (truth[i] - y) * (decided[i] - p);
    absolute += std::abs(truth[i] - decided[i]) / n;
    squares += (truth[i] - decided[i]) * (truth[i] - decided[i]) / n;
  }
  EXPECT_NEAR(first.pearson(), static_cast<double>(yp / std::sqrt(yy * pp)), 1e-12);
  EXPECT_NEAR(first.mean_absolute_error(), static_cast<double>(absolute), 1e-12);
  EXPECT_NEAR(first.mean_squared_error(), static_cast<double>(squares), 1e-12);
}

TEST(ConcordanceErrors, OfNothingAndOfConstantsAreZero) {
  Concordance none, constant;
  EXPECT_EQ(none.pearson(), 0);
  EXPECT_EQ(none.mean_absolute_error(), 0);
  constant.add(1, 1);
  constant.add(1, 3);
  EXPECT_EQ(constant.pearson(), 0);
  EXPECT_EQ(constant.mean_absolute_error(), 1);
}

TEST(OwnRanges, ScoresAreBroughtToTheRangeAndClippedToIt) {
  const TaskScores logits{kStars, {{"v", {1}, {0, 100, -100}}}};
  EXPECT_EQ(probabilities_of(logits).videos[0].values, (std::vector<float>{5, 10, 0}));
  EXPECT_EQ(decide(kStars, std::vector<float>{-1, 3.5F, 11}), (std::vector<double>{0, 3.5, 10}));
}

TEST(OwnRanges, ImagesAreNeitherInterpolatedNorSmoothed) {
  TaskScores scores{kStars, {{"photos", {1, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, false}}};
  const TaskScores out = smoothed(scores, {SmoothingKind::kBox, 5});
  EXPECT_EQ(out.videos[0].values, scores.videos[0].values);
  EXPECT_THROW(interpolate(scores.videos[0], 3, std::vector<std::int32_t>{2, 4}), std::logic_error);
}

}  // namespace
}  // namespace mien
