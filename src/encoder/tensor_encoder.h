// Encoders over an EncoderPath.
#pragma once

#include <memory>

#include "encoder_path.h"
#include "mien/encoder/encoder.h"

namespace mien {

inline constexpr std::int64_t kBatchSizeOnCpu = 16, kBatchSizeOnDevice = 256;

/// path.forward(pixels), of pixels.size(0) images. Throws InputError when it fails or gives
/// anything but one embedding of info's size an image.
at::Tensor forward_checked(const EncoderPath& path, const EncoderInfo& info,
                           const at::Tensor& pixels);

/// On the CPU: a batch is computed when its answer is called.
std::unique_ptr<Encoder> make_cpu_encoder(EncoderPath path, const EncoderInfo& info);

/// On a CUDA device: pinned staging buffers, copies on a stream of their own while the batch before
/// is computed, resizing on the device.
std::unique_ptr<Encoder> make_device_encoder(EncoderPath path, const EncoderInfo& info,
                                             const at::Device& device);

}  // namespace mien
