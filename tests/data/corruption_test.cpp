#include "mien/data/corruption.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "mien/core/error.h"

namespace mien {
namespace {

Image square(int side, std::uint8_t value) {
  Image image{side, side, {}};
  image.pixels.assign(static_cast<std::size_t>(3 * side * side), value);
  return image;
}

std::vector<std::uint8_t> corrupted(const char* text, std::uint64_t seed, std::uint8_t value = 90) {
  Image image = square(32, value);
  corrupt(image, corruption_from_text(text, "--corrupt"), seed);
  return image.pixels;
}

constexpr const char* kAll[] = {"gaussian_noise:3", "motion_blur:3", "brightness:3",
                                "contrast:3",       "jpeg:3",        "occlusion:3",
                                "low_resolution:3"};

TEST(Corruption, ReadsWhatItWrites) {
  for (const char* text : kAll) {
    EXPECT_EQ(corruption_text(corruption_from_text(text, "--corrupt")), text);
  }
}

TEST(Corruption, IsAFunctionOfItsSeed) {
  for (const char* text : kAll) EXPECT_EQ(corrupted(text, 7), corrupted(text, 7)) << text;
  for (const char* text : {"gaussian_noise:3", "occlusion:3"}) {
    EXPECT_NE(corrupted(text, 7), corrupted(text, 8)) << text;
  }
}

TEST(Corruption, DrawsAnewForEverySeverity) {
  EXPECT_NE(corrupted("gaussian_noise:1", 7), corrupted("gaussian_noise:2", 7));
}

TEST(Corruption, LeavesOneColourAsItIsWhereThereIsNothingToBlur) {
  const auto flat = square(32, 90).pixels;
  for (const char* text : {"motion_blur:5", "contrast:5", "low_resolution:5"}) {
    EXPECT_EQ(corrupted(text, 7), flat) << text;
  }
}

TEST(Corruption, MakesBlackGreyAndKeepsWhiteWhenItBrightens) {
  EXPECT_EQ(corrupted("brightness:2", 7, 0)[0], 51);
  EXPECT_EQ(corrupted("brightness:2", 7, 255)[0], 255);
}

TEST(Corruption, WorksOnASinglePixel) {
  for (const char* text : kAll) {
    Image image = square(1, 90);
    corrupt(image, corruption_from_text(text, "--corrupt"), 1);
    EXPECT_EQ(image.pixels.size(), 3U) << text;
  }
}

TEST(Corruption, RefusesWhatIsNoSquare) {
  Image image{2, 1, std::vector<std::uint8_t>(6)};
  EXPECT_THROW(corrupt(image, {}, 1), std::invalid_argument);
}

TEST(Corruption, RefusesUnknownKindsAndSeverities) {
  for (const char* text : {"", ":", "jpeg", "jpeg:", "jpeg:0", "jpeg:6", "jpeg:1:2", "JPEG:1"}) {
    EXPECT_THROW(corruption_from_text(text, "--corrupt"), InputError) << text;
  }
}

TEST(CorruptionSeed, DiffersByVideoAndFrame) {
  std::set<std::uint64_t> seeds;
  for (const char* video : {"", "a", "b", "ab", "ba", "1", "11"}) {
    for (std::int64_t frame = 1; frame < 200; ++frame) seeds.insert(corruption_seed(video, frame));
  }
  EXPECT_EQ(seeds.size(), 7U * 199);
}

}  // namespace
}  // namespace mien
