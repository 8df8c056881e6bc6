#include "mien/faces/align.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace mien {
namespace {

Landmarks moved(const Landmarks& points, const Similarity& by) {
  Landmarks result;
  for (std::size_t i = 0; i < points.size(); ++i) result[i] = by(points[i]);
  return result;
}

double error_of(const Similarity& map, const Landmarks& from, const Landmarks& to) {
  double sum = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Point at = map(from[i]);
    sum += std::pow(at.x - to[i].x, 2) + std::pow(at.y - to[i].y, 2);
  }
  return sum;
}

Image striped(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {x % 256, y % 256, (x + y) % 256}) {
        image.pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return image;
}

TEST(FitSimilarity, FindsTheMapThatMadeTheLandmarks) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> any(-2, 2);
  for (int i = 0; i < 100; ++i) {
    const Similarity made{any(random), any(random), 100 * any(random), 100 * any(random)};
    const Landmarks from = face_template(112);
    const Similarity found = fit_similarity(from, moved(from, made));
    EXPECT_NEAR(found.a, made.a, 1e-9);
    EXPECT_NEAR(found.b, made.b, 1e-9);
    EXPECT_NEAR(found.shift_x, made.shift_x, 1e-7);
    EXPECT_NEAR(found.shift_y, made.shift_y, 1e-7);
  }
}

TEST(FitSimilarity, NoNeighbourOfTheFitIsCloser) {
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 20);
  Landmarks from = face_template(112);
  for (Point& point : from) point = {point.x + noise(random), point.y + noise(random)};
  const Landmarks to = face_template(112);
  const Similarity best = fit_similarity(from, to);
  for (int i = 0; i < 200; ++i) {
    Similarity other = best;
    other.a += noise(random) * 1e-4;
    other.b += noise(random) * 1e-4;
    other.shift_x += noise(random) * 1e-2;
    other.shift_y += noise(random) * 1e-2;
    EXPECT_GT(error_of(other, from, to), error_of(best, from, to));
  }
}

TEST(FitSimilarity, OnePointFiveTimesHasScaleZero) {
  Landmarks same;
  same.fill({7, 9});
  EXPECT_EQ(fit_similarity(same, face_template(112)).scale(), 0);
}

TEST(CropSimilarity, TakesTheBoxWhereLandmarksAreMissingOrCoincide) {
  Detection face{.box = {100, 200, 300, 400}};
  const Similarity by_box = crop_similarity(face, 112);
  EXPECT_GT(by_box.scale(), .3);
  EXPECT_LT(by_box.scale(), .7);
  const Point centre = by_box({200, 300});
  EXPECT_NEAR(centre.x, 56, 6);
  EXPECT_NEAR(centre.y, 62, 12);
  face.landmarks = Landmarks{};
  EXPECT_EQ(crop_similarity(face, 112).a, by_box.a);
}

TEST(Warp, ShiftsByWholePixelsExactly) {
  const Image image = striped(60, 50);
  const Image crop = warp(image, {1, 0, -20, -10}, 16);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      const auto at = static_cast<std::size_t>((y * 16 + x) * 3);
      ASSERT_EQ(crop.pixels[at], x + 20);
      ASSERT_EQ(crop.pixels[at + 1], y + 10);
    }
  }
}

TEST(Warp, OutsideThePictureIsBlack) {
  const Image crop = warp(striped(40, 40), {1, 0, 100, 0}, 32);
  EXPECT_EQ(crop.pixels, std::vector<std::uint8_t>(32 * 32 * 3, 0));
}

TEST(Warp, ShrinkingAveragesWhatFallsTogether) {
  Image checks{64, 64, {}};
  for (int i = 0; i < 64 * 64; ++i) {
    const int value = (i % 64 + i / 64) % 2 == 0 ? 0 : 255;
    checks.pixels.insert(checks.pixels.end(), 3, static_cast<std::uint8_t>(value));
  }
  const Image crop = warp(checks, {.25, 0, -.375, -.375}, 16);
  for (std::size_t i = 0; i < crop.pixels.size(); ++i) {
    ASSERT_NEAR(crop.pixels[i], 127.5, 1) << i;
  }
}

}  // namespace
}  // namespace mien
