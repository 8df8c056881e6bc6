// The resizing of a CUDA device is made of operators that the CPU has too: here they run on it.
#include "device_resize.h"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace mien {
namespace {

Image random_image(int width, int height, std::mt19937& random) {
  Image image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  // Hard edges at full range: the negative lobes of the kernel must be clipped.
  for (auto& value : image.pixels) {
    value = random() % 3 == 0 ? static_cast<std::uint8_t>(random() % 256) : random() % 2 ? 255 : 0;
  }
  return image;
}

at::Tensor batch_of(std::vector<Image>& images) {
  const auto height = images.front().height, width = images.front().width;
  std::vector<std::uint8_t> bytes;
  for (const Image& image : images) {
    bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  }
  return at::from_blob(bytes.data(), {static_cast<std::int64_t>(images.size()), height, width, 3},
                       at::kByte)
      .clone();
}

TEST(DeviceResize, GivesTheBytesOfTheProcessor) {
  std::mt19937 random(5);
  std::uniform_int_distribution<int> side(1, 150), target(1, 96);
  for (int i = 0; i < 200; ++i) {
    const int width = side(random), height = side(random), size = target(random);
    const ResizeFilter filter = i % 2 ? ResizeFilter::kBicubic : ResizeFilter::kBilinear;
    std::vector<Image> images;
    for (int k = 0; k < 3; ++k) images.push_back(random_image(width, height, random));
    const DeviceResize resize(width, height, size, filter, at::kCPU);
    const at::Tensor crops = resize.crops(batch_of(images));
    ASSERT_EQ(crops.sizes(), at::IntArrayRef({3, size, size, 3}));
    for (std::size_t k = 0; k < images.size(); ++k) {
      const Image expected = resize_and_crop(images[k], size, filter);
      const auto* found = crops.data_ptr<std::uint8_t>() + k * expected.pixels.size();
      ASSERT_EQ(std::memcmp(found, expected.pixels.data(), expected.pixels.size()), 0)
          << width << "x" << height << " to " << size;
    }
  }
}

}  // namespace
}  // namespace mien
