// CLIP's image tower found in a graph whose parameters have no names.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <optional>

#include "clip_vit_names.h"

namespace mien {

/// The tower read off a frozen graph: constants in the order in which a pre-norm vision transformer
/// uses them (patches, class token, positions, norm, then norm, q, k, v, out, norm, fc, projection
/// a block, norm, projection). Nothing when the order is another one. As with
/// clip_vit_by_names(), the caller proves the result.
std::optional<ClipVitWeights> clip_vit_by_graph(const torch::jit::Graph& frozen);

}  // namespace mien
