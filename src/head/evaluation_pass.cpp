#include "mien/head/evaluation_pass.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "norm_relu_dropout.h"

namespace mien {

struct EvaluationPass::Block {
  at::Tensor input;        ///< [B, W_in]
  at::Tensor inverse_std;  ///< [W] of the running variance
  at::Tensor normed;       ///< [B, W] (Linear - running mean) inverse_std
  at::Tensor active;       ///< bool [B, W]: where ReLU lets through
  at::Tensor output;       ///< [B, W]
  at::Tensor gradient;     ///< [B, W] d loss / d ReLU's input
};

namespace {

/// d loss / d trunk's output, as the sum over the tasks of slopes times weights.
at::Tensor through_heads(const std::vector<at::Tensor>& slopes, const HeadLayers& layers) {
  at::Tensor sum = at::mm(slopes[0], layers.heads[0].weight);
  for (std::size_t t = 1; t < slopes.size(); ++t) sum.addmm_(slopes[t], layers.heads[t].weight);
  return sum;
}

}  // namespace

EvaluationPass::~EvaluationPass() = default;

EvaluationPass::EvaluationPass(const Head& head, const at::Tensor& x)
    : head_(head), x_(head.normalized(x)) {
  const HeadLayers& layers = head.layers();
  at::Tensor input = x_;
  for (std::size_t i = 0; i < layers.trunk.size(); ++i) {
    const HeadLayers::Block& layer = layers.trunk[i];
    const Head::Statistics& running = head.block_statistics()[i];
    Block& block = blocks_.emplace_back();
    block.input = input;
    block.inverse_std = running.var.add(kNormEpsilon).rsqrt();
    block.normed = at::addmm(layer.bias.sub(running.mean), input, layer.weight.t());
    block.normed.mul_(block.inverse_std);
    const at::Tensor scaled = block.normed.mul(layer.norm_weight).add_(layer.norm_bias);
    block.active = scaled.gt(0);
    block.output = input = scaled.clamp_min(0);
  }
  for (const HeadLayers::Output& output : layers.heads) {
    logits_.push_back(at::addmm(output.bias, input, output.weight.t()));
  }
}

at::Tensor EvaluationPass::gradient(const std::vector<at::Tensor>& logit_gradients) {
  logit_gradients_ = logit_gradients;
  const HeadLayers& layers = head_.layers();
  const at::Tensor flat = at::zeros_like(head_.parameters());
  HeadLayers target(head_.shape(), flat);
  const at::Tensor& top = blocks_.empty() ? x_ : blocks_.back().output;
  for (std::size_t t = 0; t < logit_gradients.size(); ++t) {
    at::mm_out(target.heads[t].weight, logit_gradients[t].t(), top);
    at::sum_out(target.heads[t].bias, logit_gradients[t], 0);
  }
  at::Tensor below = through_heads(logit_gradients, layers);
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    Block& block = blocks_[i];
    HeadLayers::Block& out = target.trunk[i];
    block.gradient = at::where(block.active, below, 0.);
    out.norm_weight.copy_(block.gradient.mul(block.normed).sum(0));
    at::sum_out(out.norm_bias, block.gradient, 0);
    const at::Tensor scale = layers.trunk[i].norm_weight.mul(block.inverse_std);
    const at::Tensor of_linear = block.gradient.mul(scale);
    at::mm_out(out.weight, of_linear.t(), block.input);
    at::sum_out(out.bias, of_linear, 0);
    if (i > 0) below = at::mm(of_linear, layers.trunk[i].weight);
  }
  return flat;
}

/// What each block's output and normed values move by: [2i] normed, [2i + 1] output.
std::vector<at::Tensor> EvaluationPass::block_tangents(const HeadLayers& along) const {
  const HeadLayers& layers = head_.layers();
  std::vector<at::Tensor> tangents;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    at::Tensor normed = at::addmm(along.trunk[i].bias, block.input, along.trunk[i].weight.t());
    if (i > 0) normed.addmm_(tangents.back(), layers.trunk[i].weight.t());
    normed.mul_(block.inverse_std);
    at::Tensor moved = normed.mul(layers.trunk[i].norm_weight);
    moved.addcmul_(block.normed, along.trunk[i].norm_weight).add_(along.trunk[i].norm_bias);
    tangents.push_back(normed);
    tangents.push_back(moved.mul_(block.active));
  }
  return tangents;
}

at::Tensor EvaluationPass::hessian_product(const at::Tensor& direction,
                                           const Curvature& curvature) const {
  const HeadLayers& layers = head_.layers();
  const HeadLayers along(head_.shape(), direction);
  const at::Tensor flat = at::zeros_like(direction);
  HeadLayers target(head_.shape(), flat);
  const std::vector<at::Tensor> tangents = block_tangents(along);
  const bool linear = blocks_.empty();
  const at::Tensor& top = linear ? x_ : blocks_.back().output;

  std::vector<at::Tensor> logit_tangents;
  for (std::size_t t = 0; t < layers.heads.size(); ++t) {
    at::Tensor moved = at::addmm(along.heads[t].bias, top, along.heads[t].weight.t());
    if (!linear) moved.addmm_(tangents.back(), layers.heads[t].weight.t());
    logit_tangents.push_back(moved);
  }
  const std::vector<at::Tensor> slopes = curvature(logit_tangents);
  for (std::size_t t = 0; t < slopes.size(); ++t) {
    at::mm_out(target.heads[t].weight, slopes[t].t(), top);
    if (!linear) target.heads[t].weight.addmm_(logit_gradients_[t].t(), tangents.back());
    at::sum_out(target.heads[t].bias, slopes[t], 0);
  }
  if (linear) return flat;

  at::Tensor below = through_heads(slopes, layers).add_(through_heads(logit_gradients_, along));
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    const Block& block = blocks_[i];
    HeadLayers::Block& out = target.trunk[i];
    below.mul_(block.active);
    out.norm_weight.copy_(below.mul(block.normed).addcmul_(block.gradient, tangents[2 * i]).sum(0));
    at::sum_out(out.norm_bias, below, 0);
    const at::Tensor scale = layers.trunk[i].norm_weight.mul(block.inverse_std);
    const at::Tensor moved_scale = along.trunk[i].norm_weight.mul(block.inverse_std);
    const at::Tensor of_linear = below.mul_(scale).addcmul_(block.gradient, moved_scale);
    at::mm_out(out.weight, of_linear.t(), block.input);
    at::sum_out(out.bias, of_linear, 0);
    if (i == 0) break;
    const at::Tensor held = block.gradient.mul(scale);
    out.weight.addmm_(held.t(), tangents[2 * i - 1]);
    below = at::mm(of_linear, layers.trunk[i].weight).addmm_(held, along.trunk[i].weight);
  }
  return flat;
}

}  // namespace mien
