#include "mien/faces/tracker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "mien/faces/face_stream.h"

namespace mien {
namespace {

using Ids = std::vector<std::int64_t>;

/// Somebody's looks, unlike those of any other seed.
Appearance looks_of(unsigned seed, double noise = 0, unsigned noise_seed = 0) {
  std::mt19937 own(seed), other(noise_seed);
  std::normal_distribution<double> normal;
  Appearance look;
  double square = 0;
  for (int i = 0; i < 768; ++i) {
    look.push_back(static_cast<float>(normal(own) + noise * normal(other)));
    square += look.back() * look.back();
  }
  for (float& value : look) value /= static_cast<float>(std::sqrt(square));
  return look;
}

Box square_at(double x, double y, double side = 100) {
  return {x, y, x + side, y + side};
}

TEST(FaceTracker, KeepsTheIdsOfTwoWhoPassEachOther) {
  FaceTracker tracker(60);
  for (int frame = 1; frame <= 60; ++frame) {
    const Box to_right = square_at(5. * frame, 0), to_left = square_at(300 - 5. * frame, 30);
    const auto noise = static_cast<unsigned>(frame);
    const Ids ids = tracker.follow(
        frame, {{to_right, looks_of(1, .2, noise)}, {to_left, looks_of(2, .2, noise + 1000)}});
    EXPECT_EQ(ids, (Ids{1, 2})) << frame;
  }
}

TEST(FaceTracker, TheOrderOfTheDetectionsDoesNotMatter) {
  FaceTracker tracker(60);
  tracker.follow(1, {{square_at(0, 0), looks_of(1)}, {square_at(300, 0), looks_of(2)}});
  EXPECT_EQ(tracker.follow(2, {{square_at(302, 1), looks_of(2)}, {square_at(1, 1), looks_of(1)}}),
            (Ids{2, 1}));
}

TEST(FaceTracker, ACutPutsSomebodyElseInTheSamePlace) {
  FaceTracker tracker(60);
  tracker.follow(1, {{square_at(0, 0), looks_of(1)}});
  EXPECT_EQ(tracker.follow(2, {{square_at(0, 0), looks_of(2)}}), Ids{2});
  EXPECT_EQ(tracker.follow(3, {{square_at(0, 0), looks_of(1)}}), Ids{1});
}

TEST(FaceTracker, WhoTurnsUpElsewhereAfterAGapIsKnownByTheLooks) {
  FaceTracker tracker(60);
  tracker.follow(1, {{square_at(0, 0), looks_of(1)}});
  for (int frame = 2; frame <= 30; ++frame) EXPECT_TRUE(tracker.follow(frame, {}).empty());
  EXPECT_EQ(tracker.follow(31, {{square_at(500, 200), looks_of(1, .2, 9)}}), Ids{1});
}

TEST(FaceTracker, WhoIsAwayForLongIsSomebodyNew) {
  FaceTracker tracker(60);
  tracker.follow(1, {{square_at(0, 0), looks_of(1)}});
  tracker.follow(2, {});
  EXPECT_EQ(tracker.follow(100, {{square_at(0, 0), looks_of(1)}}), Ids{2});
}

TEST(FaceTracker, SparselySampledFramesAreNeighbours) {
  FaceTracker tracker(60);
  tracker.follow(1, {{square_at(0, 0), looks_of(1)}});
  EXPECT_EQ(tracker.follow(1001, {{square_at(10, 0), looks_of(1)}}), Ids{1});
}

TEST(FaceTracker, OneFaceIsNotGivenTwice) {
  FaceTracker tracker(60);
  tracker.follow(1, {{square_at(0, 0), looks_of(1)}});
  EXPECT_EQ(tracker.follow(2, {{square_at(0, 0), looks_of(1)}, {square_at(20, 0), looks_of(1)}}),
            (Ids{1, 2}));
}

TEST(AppearanceOf, IsUnitLengthAndBlindToBrightness) {
  Image dark{32, 32, {}}, bright{32, 32, {}};
  for (int i = 0; i < 32 * 32 * 3; ++i) {
    dark.pixels.push_back(static_cast<std::uint8_t>(i * 7 % 100));
    bright.pixels.push_back(static_cast<std::uint8_t>(i * 7 % 100 + 90));
  }
  EXPECT_NEAR(likeness(appearance_of(dark), appearance_of(dark)), 1, 1e-5);
  EXPECT_NEAR(likeness(appearance_of(dark), appearance_of(bright)), 1, 1e-5);
}

TEST(AppearanceOf, AFlatCropIsLikeNothing) {
  const Image flat{16, 16, std::vector<std::uint8_t>(16 * 16 * 3, 80)};
  EXPECT_EQ(likeness(appearance_of(flat), appearance_of(flat)), 0);
}

TEST(MainPerson, TakesTheLargestAreaTheFirstOfEquals) {
  EXPECT_EQ(main_person({}), 0);
  EXPECT_EQ(main_person({{1, 10.}, {2, 30.}, {7, 30.}, {9, 5.}}), 2);
  EXPECT_EQ(main_person({{3, 0.}}), 3);
}

}  // namespace
}  // namespace mien
