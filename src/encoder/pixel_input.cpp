#include "pixel_input.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

namespace mien {
namespace {

constexpr std::int64_t kValues = 256;

at::Tensor channel_values(const std::array<double, 3>& values) {
  at::Tensor tensor = at::empty({1, 3, 1, 1}, at::kFloat);
  for (std::int64_t c = 0; c < 3; ++c) {
    tensor.data_ptr<float>()[c] = static_cast<float>(values[static_cast<std::size_t>(c)]);
  }
  return tensor;
}

}  // namespace

PixelInput::PixelInput(const EncoderInfo& info, const at::Device& device)
    : mean_(channel_values(info.mean)), std_(channel_values(info.std)) {
  table_ = at::arange(kValues, at::kFloat)
               .view({1, 1, 1, kValues})
               .div(255)
               .sub(mean_)
               .div(std_)
               .view({3, kValues})
               .contiguous();
  mean_ = mean_.to(device);
  std_ = std_.to(device);
}

at::Tensor PixelInput::of(const ImageBatch& images, bool channels_last) const {
  const std::int64_t area = images.height * images.width;
  at::Tensor input = at::empty(
      {images.count, 3, images.height, images.width}, at::TensorOptions().dtype(at::kFloat),
      channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  float* out = input.data_ptr<float>();
  const float* table = table_.data_ptr<float>();
  const std::int64_t pixel_step = channels_last ? 3 : 1, channel_step = channels_last ? 1 : area;
  at::parallel_for(0, images.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint8_t* pixel = images.pixels.data() + i * area * 3;
      float* image = out + i * area * 3;
      for (std::int64_t p = 0; p < area; ++p, pixel += 3) {
        float* to = image + p * pixel_step;
        to[0] = table[pixel[0]];
        to[channel_step] = table[kValues + pixel[1]];
        to[2 * channel_step] = table[2 * kValues + pixel[2]];
      }
    }
  });
  return input;
}

at::Tensor PixelInput::of(const at::Tensor& pixels) const {
  return pixels.permute({0, 3, 1, 2}).to(at::kFloat).div_(255).sub_(mean_).div_(std_);
}

}  // namespace mien
