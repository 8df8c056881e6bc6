#include "pixel_input.h"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <random>

namespace mien {
namespace {

const EncoderInfo kInfo = {
    .name = "", .image_size = 6, .mean = {.48, .46, .41}, .std = {.27, .26, .28}};

ImageBatch random_batch() {
  std::mt19937 random(2);
  ImageBatch images(3, 6, 9);
  for (auto& value : images.pixels) value = static_cast<std::uint8_t>(random());
  return images;
}

TEST(PixelInput, IsTheNormalisedValueInTheOrderOfChannels) {
  const ImageBatch images = random_batch();
  for (const bool channels_last : {false, true}) {
    const at::Tensor input = PixelInput(kInfo).of(images, channels_last);
    ASSERT_EQ(input.sizes(), at::IntArrayRef({3, 3, 6, 9}));
    EXPECT_TRUE(input.is_contiguous(channels_last ? at::MemoryFormat::ChannelsLast
                                                  : at::MemoryFormat::Contiguous));
    for (std::int64_t i = 0; i < images.count * 6 * 9; ++i) {
      for (std::int64_t c = 0; c < 3; ++c) {
        const double value = images.pixels[static_cast<std::size_t>(3 * i + c)] / 255.;
        const auto channel = static_cast<std::size_t>(c);
        const double expected = (value - kInfo.mean[channel]) / kInfo.std[channel];
        const auto found = input[i / 54][c][i % 54 / 9][i % 9].item().toFloat();
        ASSERT_NEAR(found, expected, 1e-6);
      }
    }
  }
}

/// The device's operators and the processor's table agree in every bit.
TEST(PixelInput, IsTheSameFromATensorOfBytes) {
  ImageBatch images = random_batch();
  const at::Tensor bytes = at::from_blob(images.pixels.data(), {3, 6, 9, 3}, at::kByte);
  EXPECT_TRUE(PixelInput(kInfo).of(bytes).equal(PixelInput(kInfo).of(images, false)));
}

}  // namespace
}  // namespace mien
