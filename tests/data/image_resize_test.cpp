// Golden values: Pillow 12.0.0, Image.resize on the pixels of sample().
#include <gtest/gtest.h>

#include "mien/core/error.h"
#include "mien/data/image.h"

namespace mien {
namespace {

using Pixels = std::vector<std::uint8_t>;

Image sample() {
  return {3, 2, {255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 128, 64, 32, 250, 251, 252}};
}

/// Every pixel tells its own column and row.
Image grid(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.insert(image.pixels.end(), {static_cast<std::uint8_t>(x),
                                               static_cast<std::uint8_t>(y), std::uint8_t{9}});
    }
  }
  return image;
}

TEST(Resize, EnlargesLikePillowsBicubic) {
  EXPECT_EQ(resize(sample(), 5, 3, ResizeFilter::kBicubic).pixels,
            Pixels({255, 0, 0, 174, 107, 0, 0,   255, 0,  0,   95,  165, 0,   0,   255,
                    128, 0, 1, 103, 58,  2, 64,  160, 16, 107, 145, 171, 128, 128, 255,
                    0,   0, 1, 32,  9,   3, 136, 51,  34, 227, 194, 177, 255, 255, 255}));
}

TEST(Resize, EnlargesLikePillowsBilinear) {
  EXPECT_EQ(resize(sample(), 5, 3, ResizeFilter::kBilinear).pixels,
            Pixels({255, 0, 0, 153, 102, 0,  0,   255, 0,  0,   102, 153, 0,   0,   255,
                    128, 1, 2, 103, 65,  8,  64,  160, 16, 101, 139, 159, 125, 126, 254,
                    1,   2, 3, 52,  27,  15, 128, 64,  32, 201, 176, 164, 250, 251, 252}));
}

TEST(Resize, AveragesWhenItShrinks) {
  EXPECT_EQ(resize(sample(), 2, 1, ResizeFilter::kBicubic).pixels,
            Pixels({104, 58, 2, 106, 144, 171}));
  EXPECT_EQ(resize(sample(), 2, 1, ResizeFilter::kBilinear).pixels,
            Pixels({104, 61, 7, 102, 139, 165}));
}

TEST(Resize, LeavesAnUnchangedSideAlone) {
  const Image taller = resize(grid(20, 4), 20, 9, ResizeFilter::kBicubic);
  for (std::size_t x = 0; x < 20; ++x) EXPECT_EQ(taller.pixels[x * 3], x);
  EXPECT_EQ(resize(sample(), 3, 2, ResizeFilter::kBicubic).pixels, sample().pixels);
}

TEST(Resize, RefusesASideWithoutPixels) {
  EXPECT_THROW(resize(sample(), 0, 5, ResizeFilter::kBicubic), std::invalid_argument);
  EXPECT_THROW(resize(Image{}, 5, 5, ResizeFilter::kBicubic), std::invalid_argument);
}

TEST(ResizeAndCrop, TakesTheMiddleOfAPictureOfTheRightHeight) {
  const Image crop = resize_and_crop(grid(10, 4), 4, ResizeFilter::kBicubic);
  EXPECT_EQ(crop.width, 4);
  EXPECT_EQ(crop.height, 4);
  EXPECT_EQ(crop.pixels[0], 3);
  EXPECT_EQ(crop.pixels[1], 0);
}

TEST(ResizeAndCrop, HalvesAnOddRestToTheEvenNeighbour) {
  EXPECT_EQ(resize_and_crop(grid(5, 4), 4, ResizeFilter::kBicubic).pixels[0], 0);   // .5 -> 0
  EXPECT_EQ(resize_and_crop(grid(7, 4), 4, ResizeFilter::kBicubic).pixels[0], 2);   // 1.5 -> 2
  EXPECT_EQ(resize_and_crop(grid(9, 4), 4, ResizeFilter::kBicubic).pixels[0], 2);   // 2.5 -> 2
  EXPECT_EQ(resize_and_crop(grid(4, 11), 4, ResizeFilter::kBicubic).pixels[1], 4);  // 3.5 -> 4
}

TEST(ResizeAndCrop, EqualsResizingTheWholeAndCutting) {
  const Image image = grid(61, 23);
  const Image whole = resize(image, 42, 16, ResizeFilter::kBilinear);  // int(16 * 61 / 23)
  const Image crop = resize_and_crop(image, 16, ResizeFilter::kBilinear);
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 16 * 3; ++x) {
      ASSERT_EQ(crop.pixels[y * 48 + x], whole.pixels[y * 126 + 13 * 3 + x]);
    }
  }
}

TEST(ResizeAndCrop, DoesNotBuildTheRestOfAVeryLongPicture) {
  const Image strip{1, 2'000'000, Pixels(6'000'000, 40)};
  EXPECT_EQ(resize_and_crop(strip, 224, ResizeFilter::kBicubic).pixels, Pixels(224 * 224 * 3, 40));
}

TEST(ResizeFilterName, GoesThereAndBack) {
  for (const ResizeFilter filter : {ResizeFilter::kBicubic, ResizeFilter::kBilinear}) {
    EXPECT_EQ(resize_filter_from_name(resize_filter_name(filter), "resize"), filter);
  }
}

TEST(ResizeFilterName, SuggestsTheNearMiss) {
  try {
    resize_filter_from_name("bicubik", "resize");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "resize = bicubik: expected bicubic or bilinear; did you mean bicubic?");
  }
}

}  // namespace
}  // namespace mien
