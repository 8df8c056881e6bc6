#include "mien/evaluation/compare.h"

#include <gtest/gtest.h>

#include <string>

#include "mien/core/error.h"
#include "mien/data/challenge.h"
#include "mien/evaluation/compare_report.h"
#include "mien/evaluation/robustness.h"

namespace mien {
namespace {

LabelSet expr_labels(std::vector<VideoLabels> videos) {
  return {expr_task(), Split::kValidation, std::move(videos), {}};
}

TaskDecisions expr(std::vector<VideoLabels> videos) {
  return {expr_task(), std::move(videos)};
}

EvaluationOptions quick() {
  EvaluationOptions options;
  options.bootstrap.draws = 100;
  return options;
}

const LabelSet kLabels = expr_labels({{"a", {1, 2, 3}, {0, 1, 2}}, {"b", {1, 2}, {0, kUnknown}}});

TEST(CompareDecisions, ScoresBothOnTheFramesThatBothDecide) {
  const auto first = expr({{"a", {1, 2}, {0, 1}}, {"b", {1, 2}, {0, 0}}});
  const auto second = expr({{"a", {2, 3}, {1, 2}}, {"b", {1}, {3}}});
  const TaskComparison found = compare_decisions(first, second, kLabels, quick());
  EXPECT_EQ(found.frames, 2);  // a 2, b 1
  EXPECT_EQ(found.videos, 2);
  EXPECT_EQ(found.frames_first_only, 1);
  EXPECT_EQ(found.frames_second_only, 1);
  EXPECT_DOUBLE_EQ(found.score.first.value, 2.0 / 8);
  EXPECT_DOUBLE_EQ(found.score.difference.value, -1.0 / 8);
  EXPECT_EQ(found.mcnemar->first_only, 1);
  EXPECT_EQ(found.mcnemar->second_only, 0);
  EXPECT_EQ(found.difference_draws.size(), 100U);
}

TEST(CompareDecisions, HasNeitherIntervalNorProbabilityWithoutDraws) {
  auto options = quick();
  options.bootstrap.draws = 0;
  const auto side = expr({{"a", {1}, {0}}});
  const TaskComparison found = compare_decisions(side, side, kLabels, options);
  EXPECT_FALSE(found.score.difference.interval.has_value());
  EXPECT_FALSE(found.score.probability_better.has_value());
}

TEST(CompareDecisions, RefusesOtherTasksAndSidesThatNeverMeet) {
  const auto side = expr({{"a", {1}, {0}}});
  EXPECT_THROW(compare_decisions(side, {va_task(), {}}, kLabels, quick()), InputError);
  EXPECT_THROW(compare_decisions(side, expr({{"a", {2}, {0}}}), kLabels, quick()), InputError);
  EXPECT_THROW(compare_decisions(side, expr({{"z", {1}, {0}}}), kLabels, quick()), InputError);
}

TEST(CommonLabels, AreTheVideosAndFramesOfBoth) {
  const auto other = expr_labels({{"a", {2, 3, 4}, {1, 2, 5}}, {"c", {1}, {0}}});
  const LabelSet common = common_labels(kLabels, other, "x", "y");
  ASSERT_EQ(common.videos.size(), 1U);
  EXPECT_EQ(common.videos[0].frames, (std::vector<std::int32_t>{2, 3}));
  EXPECT_EQ(common.videos[0].values, (std::vector<double>{1, 2}));
}

TEST(CommonLabels, RefuseLabelsThatDifferAndNameTheFrame) {
  try {
    common_labels(kLabels, expr_labels({{"a", {2}, {7}}}), "x", "y");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("expr labels of a frame 2"), std::string::npos)
        << error.what();
  }
}

TEST(CommonLabels, RefuseSidesWithoutACommonVideo) {
  EXPECT_THROW(common_labels(kLabels, expr_labels({{"c", {1}, {0}}}), "x", "y"), InputError);
}

TEST(McNemarP, IsOneForEqualCountsAndSmallForOneSidedOnes) {
  EXPECT_DOUBLE_EQ(mcnemar_p(5, 5), 1);
  EXPECT_DOUBLE_EQ(mcnemar_p(200, 200), 1);
  EXPECT_NEAR(mcnemar_p(0, 10), 2.0 / 1024, 1e-12);
  EXPECT_LT(mcnemar_p(300, 100), 1e-9);
}

TEST(CompareText, CanBePasted) {
  CompareReport report{.first = "runs/a", .draws = 100};
  const auto first = expr({{"a", {1, 2}, {0, 1}}, {"b", {1}, {0}}});
  const auto second = expr({{"a", {1, 2, 3}, {0, 3, 2}}, {"b", {1}, {0}}});
  SideComparison side{.name = "runs/b", .tasks_left_out = {"au"}};
  side.tasks.emplace(expr_task(), compare_decisions(first, second, kLabels, quick()));
  report.others.push_back(side);
  const std::string text = to_text(report);
  for (const char* part :
       {"A  runs/a", "B  runs/b", "left out", "B - A", "P(B better)", "Surprise", "McNemar",
        "labelled ones only A decides 0, only B 1", "not independent"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Robustness, ComparesEveryRowOnTheFramesOfAll) {
  const auto clean = expr({{"a", {1, 2, 3}, {0, 1, 2}}, {"b", {1}, {0}}});
  const RobustnessTable table =
      robustness_of(clean,
                    {{"jpeg:1", expr({{"a", {1, 2, 3}, {0, 1, 2}}, {"b", {1}, {4}}})},
                     {"jpeg:5", expr({{"a", {1, 2}, {3, 4}}, {"b", {1}, {4}}})}},
                    kLabels, quick());
  EXPECT_EQ(table.frames, 3);  // not a 3
  EXPECT_EQ(table.videos, 2);
  EXPECT_DOUBLE_EQ(table.clean.value, 2.0 / 8);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[1].corruption, "jpeg:5");
  EXPECT_DOUBLE_EQ(table.rows[1].score.second.value, 0);
  EXPECT_DOUBLE_EQ(table.mean.second.value, (table.rows[0].score.second.value + 0) / 2);
  EXPECT_TRUE(table.mean.difference.interval.has_value());
}

}  // namespace
}  // namespace mien
