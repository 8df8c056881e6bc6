// CLIP's image tower (a pre-norm vision transformer) computed from its weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "packed_linear.h"

namespace mien {

struct LinearWeights {
  at::Tensor weight;  ///< fp32 [out, in]
  at::Tensor bias;    ///< fp32 [out], or undefined
};

struct NormWeights {
  at::Tensor weight, bias;  ///< fp32 [width]
};

struct ClipVitBlock {
  NormWeights attention_norm;
  LinearWeights qkv;  ///< queries, keys, values: [3 width, width]
  LinearWeights out;
  NormWeights mlp_norm;
  LinearWeights fc, projection;
};

/// Queries, keys and values as one layer.
LinearWeights stacked(const LinearWeights& q, const LinearWeights& k, const LinearWeights& v);

/// QuickGELU is x * sigmoid(kQuickGeluSlope x), which is swish(kQuickGeluSlope x) /
/// kQuickGeluSlope: both factors go into the weights around it.
inline constexpr double kQuickGeluSlope = 1.702;

enum class MlpActivation { kQuickGelu, kGelu };

/// Weights on the CPU, whichever program named them.
struct ClipVitWeights {
  std::string layout;      ///< "OpenAI's names", "transformers' names", "by its graph"
  LinearWeights patch;     ///< [width, 3 * P * P], channel-major
  at::Tensor class_token;  ///< [width]
  at::Tensor positions;    ///< [1 + grid * grid, width]
  NormWeights pre_norm;
  std::vector<ClipVitBlock> blocks;
  NormWeights post_norm;
  LinearWeights projection;  ///< [D, width]; weight undefined: none
  std::int64_t patch_size = 0;
  std::int64_t heads = 0;
  MlpActivation activation = MlpActivation::kQuickGelu;

  std::int64_t width() const { return class_token.size(0); }
  std::int64_t tokens() const { return positions.size(0); }
  std::int64_t image_size() const;
  std::int64_t embedding_dim() const;
};

/// Whether the shapes fit together.
bool is_sound(const ClipVitWeights& weights);

/// The matrices (not norms, biases and positions) rounded to `dtype` and kept as fp32.
void round_matrices(ClipVitWeights& weights, at::ScalarType dtype);

/// After the last attention only the class token's row is computed, as nothing else is read.
class ClipVit {
 public:
  ClipVit(const ClipVitWeights& weights, LinearKernel kernel, at::ScalarType dtype,
          const at::Device& device);

  /// `pixels` fp32 [B, 3, S, S], normalised -> fp32 [B, D].
  at::Tensor forward(const at::Tensor& pixels) const;

 private:
  struct Norm {
    at::Tensor weight, bias;
    at::Tensor apply(const at::Tensor& input) const;
  };
  struct Block {
    Norm attention_norm, mlp_norm;
    std::vector<PackedLinear> inputs;  ///< qkv; in the last block q, then kv
    PackedLinear out, fc, projection;
  };

  Block pack(const ClipVitBlock& block, bool last) const;
  PackedLinear pack(const LinearWeights& weights) const;
  Norm to_device(const NormWeights& weights) const;
  at::Tensor embed(const at::Tensor& pixels) const;
  at::Tensor mlp(const Block& block, const at::Tensor& rows) const;
  at::Tensor whole_block(const Block& block, const at::Tensor& rows, std::int64_t batch) const;
  at::Tensor last_block(const Block& block, const at::Tensor& rows, std::int64_t batch) const;

  LinearKernel kernel_;
  at::ScalarType dtype_;
  at::Device device_;
  std::int64_t patch_size_, width_, tokens_, heads_;
  MlpActivation activation_;
  PackedLinear patch_;
  at::Tensor class_row_;  ///< class token + its position [width]
  at::Tensor positions_;  ///< of the patches [tokens - 1, width]
  Norm pre_norm_, post_norm_;
  std::vector<Block> blocks_;
  std::vector<PackedLinear> projection_;  ///< one or none
};

}  // namespace mien
