// Bytes of crops -> the normalised input of a network.
#pragma once

#include <ATen/core/Tensor.h>

#include "mien/data/image_batch.h"
#include "mien/encoder/encoder_info.h"

namespace mien {

class PixelInput {
 public:
  explicit PixelInput(const EncoderInfo& info, const at::Device& device = at::kCPU);

  /// fp32 [B, 3, S, S] on the CPU, stored channels-last or contiguous: (v / 255 - mean) / std.
  at::Tensor of(const ImageBatch& images, bool channels_last) const;

  /// The same on the device, from uint8 [B, S, S, 3] there.
  at::Tensor of(const at::Tensor& pixels) const;

 private:
  at::Tensor mean_, std_;  ///< fp32 [1, 3, 1, 1] on the device
  at::Tensor table_;       ///< fp32 [3, 256]: what each byte of a channel becomes
};

}  // namespace mien
