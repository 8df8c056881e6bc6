#include "mien/scoring/smoothing.h"

#include <gtest/gtest.h>

#include "expectations.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

using testing::contains;
using testing::refusal_of;

VideoScores video(std::vector<std::int32_t> frames, std::vector<float> values) {
  return {"v", std::move(frames), std::move(values)};
}

TEST(Smoothing, BoxIsTheMeanOfWhatTheWindowHolds) {
  const std::vector<double> values = {1, 2, 3, 10};
  EXPECT_EQ(smooth(values, {SmoothingKind::kBox, 1}), (std::vector<double>{1.5, 2, 5, 6.5}));
  EXPECT_EQ(smooth(values, {SmoothingKind::kBox, 99}), (std::vector<double>{4, 4, 4, 4}));
}

TEST(Smoothing, MedianOfAnEvenWindowIsTheMiddleOfTwo) {
  const std::vector<double> values = {1, 5, 3, 3};
  EXPECT_EQ(smooth(values, {SmoothingKind::kMedian, 1}), (std::vector<double>{3, 3, 3, 3}));
  EXPECT_EQ(smooth(values, {SmoothingKind::kMedian, 9}), (std::vector<double>{3, 3, 3, 3}));
}

TEST(Smoothing, KeepsAConstant) {
  const std::vector<double> values(17, 0.25);
  for (const auto kind : {SmoothingKind::kBox, SmoothingKind::kGaussian, SmoothingKind::kMedian}) {
    for (const double value : smooth(values, {kind, 6})) EXPECT_DOUBLE_EQ(value, 0.25);
  }
}

TEST(Smoothing, DoesNotDriftOverALongVideo) {
  std::vector<double> values(400'000, 0.9);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 0.1;
  const auto out = smooth(values, {SmoothingKind::kBox, 2});
  EXPECT_NEAR(out[399'990], (2 * 0.9 + 3 * 0.1) / 5, 1e-9);
}

TEST(Smoothing, OneFrameStaysItself) {
  const VideoScores one = video({7}, {0.3F, 0.7F});
  const std::vector<std::int32_t> frames = {1, 7, 9};
  for (const auto kind : {SmoothingKind::kBox, SmoothingKind::kGaussian, SmoothingKind::kMedian}) {
    const auto out = smoothed(one, 2, {kind, 50}, frames);
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_FLOAT_EQ(out[i], i % 2 == 0 ? 0.3F : 0.7F);
  }
}

TEST(Smoothing, WhatAFrameGetsDoesNotDependOnTheFramesAsked) {
  const VideoScores scores = video({2, 3, 8}, {0, 1, 0});
  const Smoothing smoothing{SmoothingKind::kBox, 2};
  const std::vector<std::int32_t> many = {1, 2, 3, 4, 5, 6, 7, 8, 9, 20};
  const auto all = smoothed(scores, 1, smoothing, many);
  for (std::size_t i = 0; i < many.size(); ++i) {
    EXPECT_EQ(smoothed(scores, 1, smoothing, std::vector{many[i]}).at(0), all[i]);
  }
  EXPECT_EQ(all[8], all[7]);
  EXPECT_EQ(all[9], all[7]);
}

TEST(Smoothing, WithoutOneIsInterpolation) {
  const VideoScores scores = video({2, 4}, {0.1F, 0.7F});
  const std::vector<std::int32_t> frames = {1, 2, 3, 4, 5};
  EXPECT_EQ(smoothed(scores, 1, {}, frames), interpolate(scores, 1, frames));
}

TEST(Smoothing, RefusesAVideoThatIsNoVideo) {
  const VideoScores scores = video({1, 2'147'483'647}, {0, 1});
  EXPECT_TRUE(
      contains(refusal_of([&] { smoothed(scores, 1, {SmoothingKind::kBox, 1}, scores.frames); }),
               "2147483647"));
}

TEST(Smoothing, VideosAreSmoothedEachOnItsOwn) {
  const TaskScores scores{va_task(), {{"a_left", {1}, {1, 1}}, {"a_right", {1}, {0, 0}}}};
  const TaskScores out = smoothed(scores, {SmoothingKind::kBox, 5});
  EXPECT_EQ(out.videos[0].values, (std::vector<float>{1, 1}));
  EXPECT_EQ(out.videos[1].values, (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace mien
