// The ways to compute one encoder, slowest and surest first.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "archive.h"

namespace mien {

inline constexpr const char* kPlainPath = "torchscript-frozen";
inline constexpr const char* kClipVitPath =
    "clip-vit-";  ///< what names of the tower's own start with

/// A way that is ready to run.
struct EncoderPath {
  std::string name;
  std::string dtype;           ///< "fp32", "bf16", "fp16"
  bool channels_last = false;  ///< the memory format that `forward` likes
  /// fp32 [B, 3, S, S] on the path's device -> fp32 [B, D] there. Throws c10::Error.
  std::function<at::Tensor(const at::Tensor& pixels)> forward;
};

/// A way that can be made ready.
struct PathRecipe {
  std::string name;
  std::function<EncoderPath()> make;
};

at::ScalarType scalar_type_of(const std::string& dtype);

/// The module itself, frozen, in fp32: what every other path is compared with.
EncoderPath plain_path(const Archive& archive, const at::Device& device);

/// Whether it is that path, which needs no comparison.
bool is_plain(const EncoderPath& path, const at::Device& device);

/// The ways that suit the network and the device, the plain one first. `vit` when the tower is a
/// proven CLIP vision transformer, else null.
std::vector<PathRecipe> path_recipes(const Archive& archive, const ClipVitWeights* vit,
                                     const at::Device& device, const std::string& dtype);

/// What the tower is, by its names or by its graph; not proven yet.
std::optional<ClipVitWeights> recognise_clip_vit(const Archive& archive);

}  // namespace mien
