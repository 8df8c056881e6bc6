#include "clip_vit.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <cmath>

namespace mien {
namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr std::int64_t kRowsHint = 16;  ///< images a batch, for the layout of packed weights

LinearWeights scaled(const LinearWeights& linear, double weight_factor, double bias_factor) {
  return {linear.weight * weight_factor,
          linear.bias.defined() ? linear.bias * bias_factor : at::Tensor()};
}

LinearWeights rows_of(const LinearWeights& linear, std::int64_t first, std::int64_t count) {
  return {linear.weight.narrow(0, first, count),
          linear.bias.defined() ? linear.bias.narrow(0, first, count) : at::Tensor()};
}

/// softmax(q k^T / sqrt(d)) v for every head. `q` [B, heads, n, d], `k` and `v` [B, heads, t, d]
/// -> [B * n, heads * d].
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(
      {q.size(0) * q.size(2), q.size(1) * q.size(3)});
}

}  // namespace

LinearWeights stacked(const LinearWeights& q, const LinearWeights& k, const LinearWeights& v) {
  return {at::cat({q.weight, k.weight, v.weight}), at::cat({q.bias, k.bias, v.bias})};
}

std::int64_t ClipVitWeights::image_size() const {
  return patch_size * std::llround(std::sqrt(static_cast<double>(tokens() - 1)));
}

std::int64_t ClipVitWeights::embedding_dim() const {
  return projection.weight.defined() ? projection.weight.size(0) : width();
}

bool is_sound(const ClipVitWeights& weights) {
  const std::int64_t width = weights.width();
  const auto is_linear = [](const LinearWeights& linear, std::int64_t out, std::int64_t in) {
    return linear.weight.dim() == 2 && linear.weight.size(0) == out && linear.weight.size(1) == in;
  };
  bool sound = !weights.blocks.empty() && weights.positions.dim() == 2 &&
               weights.positions.size(1) == width && weights.image_size() > 0 &&
               is_linear(weights.patch, width, 3 * weights.patch_size * weights.patch_size) &&
               weights.pre_norm.weight.numel() == width &&
               weights.post_norm.weight.numel() == width;
  const std::int64_t grid = sound ? weights.image_size() / weights.patch_size : 0;
  sound = sound && grid * grid + 1 == weights.tokens();
  for (const ClipVitBlock& block : weights.blocks) {
    const std::int64_t hidden = block.fc.weight.size(0);
    sound = sound && is_linear(block.qkv, 3 * width, width) && is_linear(block.out, width, width) &&
            is_linear(block.fc, hidden, width) && is_linear(block.projection, width, hidden);
  }
  return sound && (!weights.projection.weight.defined() ||
                   is_linear(weights.projection, weights.projection.weight.size(0), width));
}

void round_matrices(ClipVitWeights& weights, at::ScalarType dtype) {
  const auto round = [dtype](LinearWeights& linear) {
    if (linear.weight.defined()) linear.weight = linear.weight.to(dtype).to(at::kFloat);
  };
  round(weights.patch);
  for (ClipVitBlock& block : weights.blocks) {
    for (LinearWeights* linear : {&block.qkv, &block.out, &block.fc, &block.projection}) {
      round(*linear);
    }
  }
  round(weights.projection);
}

at::Tensor ClipVit::Norm::apply(const at::Tensor& input) const {
  return at::layer_norm(input, {weight.size(0)}, weight, bias, kNormEpsilon);
}

ClipVit::ClipVit(const ClipVitWeights& weights, LinearKernel kernel, at::ScalarType dtype,
                 const at::Device& device)
    : kernel_(kernel),
      dtype_(dtype),
      device_(device),
      patch_size_(weights.patch_size),
      width_(weights.width()),
      tokens_(weights.tokens()),
      heads_(weights.heads),
      activation_(weights.activation),
      patch_(pack(weights.patch)),
      class_row_((weights.class_token + weights.positions[0]).to(device, dtype)),
      positions_(weights.positions.slice(0, 1).contiguous().to(device, dtype)),
      pre_norm_(to_device(weights.pre_norm)),
      post_norm_(to_device(weights.post_norm)) {
  for (const ClipVitBlock& block : weights.blocks) {
    blocks_.push_back(pack(block, &block == &weights.blocks.back()));
  }
  if (weights.projection.weight.defined()) projection_.push_back(pack(weights.projection));
}

PackedLinear ClipVit::pack(const LinearWeights& weights) const {
  return {weights.weight, weights.bias, kernel_, dtype_, device_, kRowsHint * tokens_};
}

ClipVit::Norm ClipVit::to_device(const NormWeights& weights) const {
  return {weights.weight.to(device_, dtype_), weights.bias.to(device_, dtype_)};
}

ClipVit::Block ClipVit::pack(const ClipVitBlock& block, bool last) const {
  std::vector<PackedLinear> inputs;
  if (last) {
    inputs.push_back(pack(rows_of(block.qkv, 0, width_)));
    inputs.push_back(pack(rows_of(block.qkv, width_, 2 * width_)));
  } else {
    inputs.push_back(pack(block.qkv));
  }
  const bool quick = activation_ == MlpActivation::kQuickGelu;
  return {to_device(block.attention_norm),
          to_device(block.mlp_norm),
          std::move(inputs),
          pack(block.out),
          pack(quick ? scaled(block.fc, kQuickGeluSlope, kQuickGeluSlope) : block.fc),
          pack(quick ? scaled(block.projection, 1 / kQuickGeluSlope, 1) : block.projection)};
}

at::Tensor ClipVit::forward(const at::Tensor& pixels) const {
  const std::int64_t batch = pixels.size(0);
  at::Tensor rows = embed(pixels.to(dtype_));
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) rows = whole_block(blocks_[i], rows, batch);
  at::Tensor embedding = post_norm_.apply(last_block(blocks_.back(), rows, batch));
  if (!projection_.empty()) embedding = projection_.front().apply(embedding);
  return embedding.to(at::kFloat);
}

/// Every patch is a row of 3 * P * P values. -> [B * tokens, width]
at::Tensor ClipVit::embed(const at::Tensor& pixels) const {
  const std::int64_t batch = pixels.size(0), p = patch_size_, grid = pixels.size(3) / p;
  const at::Tensor patches = pixels.reshape({batch, 3, grid, p, grid, p})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({batch * grid * grid, 3 * p * p});
  at::Tensor rows = at::empty({batch, tokens_, width_}, pixels.options());
  rows.select(1, 0).copy_(class_row_);
  at::Tensor embedded = rows.slice(1, 1);
  embedded.copy_(patch_.apply(patches).view({batch, tokens_ - 1, width_})).add_(positions_);
  return pre_norm_.apply(rows).view({batch * tokens_, width_});
}

at::Tensor ClipVit::mlp(const Block& block, const at::Tensor& rows) const {
  const at::Tensor normalised = block.mlp_norm.apply(rows);
  const at::Tensor hidden = activation_ == MlpActivation::kQuickGelu
                                ? block.fc.apply_swish(normalised)
                                : at::gelu(block.fc.apply(normalised));
  return block.projection.apply_add(hidden, rows);
}

at::Tensor ClipVit::whole_block(const Block& block, const at::Tensor& rows,
                                std::int64_t batch) const {
  const at::Tensor qkv = block.inputs[0]
                             .apply(block.attention_norm.apply(rows))
                             .view({batch, tokens_, 3, heads_, width_ / heads_})
                             .permute({2, 0, 3, 1, 4});
  return mlp(block, block.out.apply_add(attend(qkv[0], qkv[1], qkv[2]), rows));
}

at::Tensor ClipVit::last_block(const Block& block, const at::Tensor& rows,
                               std::int64_t batch) const {
  const at::Tensor class_rows = rows.view({batch, tokens_, width_}).select(1, 0).contiguous();
  const std::int64_t d = width_ / heads_;
  const at::Tensor q = block.inputs[0]
                           .apply(block.attention_norm.apply(class_rows))
                           .view({batch, 1, heads_, d})
                           .transpose(1, 2);
  const at::Tensor kv = block.inputs[1]
                            .apply(block.attention_norm.apply(rows))
                            .view({batch, tokens_, 2, heads_, d})
                            .permute({2, 0, 3, 1, 4});
  return mlp(block, block.out.apply_add(attend(q, kv[0], kv[1]), class_rows));
}

}  // namespace mien
