#include "candidates.h"

#include <gtest/gtest.h>

#include <vector>

namespace mien {
namespace {

Candidate box(float left, float top, float right, float bottom, float score = .9f) {
  return {left, top, right, bottom, score};
}

TEST(KeepBest, TheBestOfOverlappingBoxesStays) {
  std::vector<Candidate> boxes = {box(0, 0, 10, 10, .7f), box(1, 0, 11, 10, .9f),
                                  box(50, 0, 60, 10, .8f)};
  keep_best_by_union(boxes, .5f);
  ASSERT_EQ(boxes.size(), 2U);
  EXPECT_EQ(boxes[0].left, 1);
  EXPECT_EQ(boxes[1].left, 50);
}

TEST(KeepBest, ASmallBoxInsideALargeOneGoesOnlyByTheSmallerArea) {
  const std::vector<Candidate> boxes = {box(0, 0, 100, 100, .9f), box(10, 10, 30, 30, .8f)};
  auto by_union = boxes, by_smaller = boxes;
  keep_best_by_union(by_union, .7f);
  keep_best_by_smaller(by_smaller, .7f);
  EXPECT_EQ(by_union.size(), 2U);
  EXPECT_EQ(by_smaller.size(), 1U);
}

TEST(MakeSquare, KeepsTheCentreAndTheLongerSide) {
  Candidate tall = box(10, 0, 20, 40);
  make_square(tall);
  EXPECT_EQ(tall.left, -5);
  EXPECT_EQ(tall.right, 35);
  EXPECT_EQ(tall.top, 0);
  EXPECT_EQ(tall.bottom, 40);
}

TEST(PixelsOf, IsClippedToTheImageAndMayBeEmpty) {
  const Region inside = pixels_of(box(-5.5f, 3.9f, 200, 9.2f), 64, 48);
  EXPECT_EQ(inside.left, 0);
  EXPECT_EQ(inside.top, 2);
  EXPECT_EQ(inside.right, 64);
  EXPECT_EQ(inside.bottom, 9);
  EXPECT_LT(pixels_of(box(100, 0, 120, 20), 64, 48).width(), 1);
}

TEST(AreaResize, AveragesTheWindowsThatOverlap) {
  Image image{3, 1, {}};
  for (const int value : {0, 60, 240}) {
    image.pixels.insert(image.pixels.end(), 3, static_cast<std::uint8_t>(value));
  }
  std::vector<float> planes(2 * 3);
  area_resize(image, {0, 0, 3, 1}, 1, 2, planes);  // windows [0, 2) and [1, 3)
  EXPECT_FLOAT_EQ(planes[0], (30 - 127.5f) / 128);
  EXPECT_FLOAT_EQ(planes[1], (150 - 127.5f) / 128);
  std::vector<float> wide(6 * 3);
  area_resize(image, {1, 0, 2, 1}, 1, 6, wide);
  for (const float value : wide) EXPECT_FLOAT_EQ(value, (60 - 127.5f) / 128);
}

}  // namespace
}  // namespace mien
