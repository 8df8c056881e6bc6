// Encoders over an EncoderPath.
#pragma once

#include <memory>

#include "encoder_path.h"
#include "mien/encoder/encoder.h"

namespace mien {

/// On the CPU: a batch is computed when its answer is called.
std::unique_ptr<Encoder> make_cpu_encoder(EncoderPath path, const EncoderInfo& info);

/// On a CUDA device: pinned staging buffers, copies on a stream of their own while the batch before
/// is computed, resizing on the device.
std::unique_ptr<Encoder> make_device_encoder(EncoderPath path, const EncoderInfo& info,
                                             const at::Device& device);

}  // namespace mien
