// The encoder of a training, computing as it did there.
#pragma once

#include <filesystem>
#include <memory>

#include "mien/encoder/encoder.h"
#include "mien/head/head_file.h"

namespace mien {

/// load_encoder() on the path and in the dtype of the bank that the head was trained on, so that
/// one command gives one result however fast the ways are today. The request's own where it asks
/// for others, the head does not say (older ones) or this machine lacks them.
std::unique_ptr<Encoder> load_as_trained(const std::filesystem::path& file,
                                         const EncoderOverrides& overrides, EncoderRequest request,
                                         const HeadInput& input);

}  // namespace mien
