#include "mien/scoring/scores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "mien/data/challenge.h"

namespace mien {
namespace {

using Frames = std::vector<std::int32_t>;
using Values = std::vector<float>;
using Decisions = std::vector<double>;

TaskScores one_video(Task task, Values values) {
  Frames frames(values.size() / score_columns(task));
  std::iota(frames.begin(), frames.end(), 1);
  return {task, {{"v", frames, std::move(values)}}};
}

TEST(Probabilities, OfARowOfExpressionsSumToOne) {
  const auto scores = probabilities_of(one_video(expr_task(), {0, 1, 2, 3, -1, -2, 0.5F, 4}));
  const Values& row = scores.videos[0].values;
  EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0), 1.0, 1e-6);
  EXPECT_NEAR(row[7] / row[0], std::exp(4.0), 1e-4);
}

TEST(Probabilities, SurviveLogitsThatOverflowAnExponential) {
  const auto expr = probabilities_of(one_video(expr_task(), {1e4F, 0, 0, 0, 0, 0, 0, -1e4F}));
  EXPECT_FLOAT_EQ(expr.videos[0].values[0], 1.0F);
  EXPECT_EQ(expr.videos[0].values[7], 0.0F);
  Values logits(12, 0.0F);
  logits[0] = 1e4F;
  logits[1] = -1e4F;
  const auto au = probabilities_of(one_video(au_task(), logits));
  EXPECT_EQ(au.videos[0].values[0], 1.0F);
  EXPECT_EQ(au.videos[0].values[1], 0.0F);
  EXPECT_EQ(au.videos[0].values[2], 0.5F);
}

TEST(Probabilities, OfValenceAndArousalAreTheHyperbolicTangent) {
  const Values found =
      probabilities_of(one_video(va_task(), {0, 1, -3, 0.25F, 1e4F, -1e4F})).videos[0].values;
  const auto tanh = [](double z) {
    return (std::exp(z) - std::exp(-z)) / (std::exp(z) + std::exp(-z));
  };
  EXPECT_EQ(found[0], 0);
  EXPECT_FLOAT_EQ(found[1], static_cast<float>(tanh(1)));
  EXPECT_FLOAT_EQ(found[2], static_cast<float>(tanh(-3)));
  EXPECT_FLOAT_EQ(found[3], static_cast<float>(tanh(.25)));
  EXPECT_EQ(found[4], 1);
  EXPECT_EQ(found[5], -1);
}

TEST(Interpolate, GivesKnownFramesBitForBit) {
  const VideoScores scores{"v", {1, 4, 9}, {0.1F, -0.0F, 0.3F, 0.7F, 1e-30F, -1.0F}};
  const Values out = interpolate(scores, 2, Frames{1, 4, 9});
  ASSERT_EQ(out.size(), scores.values.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i], scores.values[i]);
    EXPECT_EQ(std::signbit(out[i]), std::signbit(scores.values[i]));
  }
}

TEST(Interpolate, IsLinearBetweenTheNearestFrames) {
  const VideoScores scores{"v", {10, 20}, {0, 1}};
  EXPECT_EQ(interpolate(scores, 1, Frames{12, 15, 19}), (Values{0.2F, 0.5F, 0.9F}));
}

TEST(Interpolate, GivesTheNearestFramesValuesOutside) {
  const VideoScores scores{"v", {10, 20}, {0.25F, 0.75F}};
  EXPECT_EQ(interpolate(scores, 1, Frames{-5, 1, 9, 21, 1000}),
            (Values{0.25F, 0.25F, 0.25F, 0.75F, 0.75F}));
}

TEST(Interpolate, ExtendsASingleFrame) {
  EXPECT_EQ(interpolate({"v", {7}, {0.5F, 0.1F}}, 2, Frames{1, 7, 9}),
            (Values{0.5F, 0.1F, 0.5F, 0.1F, 0.5F, 0.1F}));
}

TEST(Interpolate, AcceptsRepeatedFramesAndNone) {
  const VideoScores scores{"v", {1, 3}, {0, 1}};
  EXPECT_EQ(interpolate(scores, 1, Frames{2, 2, 3, 3}), (Values{0.5F, 0.5F, 1, 1}));
  EXPECT_TRUE(interpolate(scores, 1, Frames{}).empty());
}

TEST(Interpolate, DoesNotOverflowOnExtremeFrameNumbers) {
  const std::int32_t low = std::numeric_limits<std::int32_t>::min();
  const std::int32_t high = std::numeric_limits<std::int32_t>::max();
  EXPECT_NEAR(interpolate({"v", {low, high}, {0, 1}}, 1, Frames{0})[0], 0.5, 1e-6);
}

TEST(Interpolate, RefusesAVideoWithoutScores) {
  EXPECT_THROW(interpolate({"v", {}, {}}, 1, Frames{1}), std::logic_error);
}

TEST(Decide, TakesTheFirstOfEqualClasses) {
  EXPECT_EQ(decide(expr_task(), Values{0, 0.4F, 0, 0.4F, 0, 0, 0.2F, 0}), Decisions{1});
}

TEST(Decide, SetsAnActionUnitFromOneHalfOn) {
  Values p(12, 0.0F);
  p[0] = 0.5F;
  p[1] = std::nextafter(0.5F, 0.0F);
  const Decisions out = decide(au_task(), p);
  EXPECT_EQ(out[0], 1);
  EXPECT_EQ(out[1], 0);
}

TEST(Decide, ClipsValenceAndArousal) {
  EXPECT_EQ(decide(va_task(), Values{1.5F, -2, 0.25F, -0.5F}), (Decisions{1, -1, 0.25, -0.5}));
}

TEST(Decide, KeepsVideosAndFrames) {
  const TaskScores scores{va_task(), {{"a", {2, 5}, {0, 0, 1, 1}}, {"b", {1}, {2, 2}}}};
  const TaskDecisions decisions = decide(scores);
  EXPECT_EQ(decisions.task, va_task());
  ASSERT_EQ(decisions.videos.size(), 2U);
  EXPECT_EQ(decisions.videos[0].frames, (Frames{2, 5}));
  EXPECT_EQ(decisions.videos[1].video, "b");
  EXPECT_EQ(decisions.videos[1].values, (Decisions{1, 1}));
}

}  // namespace
}  // namespace mien
