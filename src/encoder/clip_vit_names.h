// CLIP's image tower found by the names of its parameters.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "clip_vit.h"

namespace mien {

using NamedTensors = std::map<std::string, at::Tensor>;

/// The tower in OpenAI's and OpenCLIP's names (`[visual.]class_embedding`, `transformer.resblocks`)
/// or in transformers' (`vision_model.embeddings...`), behind any prefix; nothing when the names,
/// or shapes that do not fit together, say that it is another network. The number of heads is no
/// parameter: `heads` is a guess (width / 64) that the caller proves.
std::optional<ClipVitWeights> clip_vit_by_names(const NamedTensors& parameters);

}  // namespace mien
