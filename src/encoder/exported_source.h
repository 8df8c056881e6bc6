// The exported model in TorchScript's language.
#pragma once

#include <string>
#include <vector>

#include "mien/encoder/exported_model.h"

namespace mien {

/// Methods of the module; its submodule is `encoder`, its buffers are `image_mean` and `image_std`
/// [1, 3, 1, 1], and under exported_buffer_name() the head's tensors and `levels.<task>`.
std::string exported_source(const EncoderInfo& encoder, const ExportedHead& head,
                            const std::vector<ExportedTask>& tasks);

/// "trunk.0.linear.weight" -> "trunk_0_linear_weight": a name of the language.
std::string exported_buffer_name(const std::string& name);

}  // namespace mien
