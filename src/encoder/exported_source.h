// The exported model in TorchScript's language.
#pragma once

#include <string>
#include <vector>

#include "mien/encoder/exported_model.h"

namespace mien {

/// Methods of the module; its submodule is `encoder`, its buffers are `image_mean` and `image_std`
/// [1, 3, 1, 1], the head's tensors under exported_buffer_name() and `levels_<task>`.
std::string exported_source(const EncoderInfo& encoder, const ExportedHead& head,
                            const std::vector<ExportedTask>& tasks);

/// "trunk.0.linear.weight" -> "trunk_0_linear_weight": a name without dots.
std::string exported_buffer_name(std::string name);

}  // namespace mien
