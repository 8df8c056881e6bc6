#include "mien/head/training_pass.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros_like.h>

#include "norm_relu_dropout.h"
#include "products.h"

namespace mien {

/// What one block of the trunk keeps of a forward pass.
struct TrainingPass::Block {
  NormReluDropout pass;
  DropoutMask mask;
  at::Tensor gradient;       ///< [B, W] d loss / d y, then d loss / d z
  at::Tensor input, weight;  ///< as products read them: the tensors themselves, or bf16 copies
};

namespace {

/// A buffer of that size, the old one where it fits.
void reserve(at::Tensor& buffer, at::IntArrayRef shape, const at::Tensor& like) {
  if (!buffer.defined() || buffer.sizes() != shape) buffer = at::empty(shape, like.options());
}

}  // namespace

TrainingPass::TrainingPass(Head& head, Precision precision)
    : head_(head),
      precision_(precision),
      gradients_(at::zeros_like(head.parameters())),
      gradient_layers_(head.shape(), gradients_),
      blocks_(static_cast<std::size_t>(head.shape().layers)) {}

TrainingPass::~TrainingPass() = default;

at::Tensor TrainingPass::operand(const at::Tensor& tensor) const {
  return precision_ == Precision::kBf16 ? tensor.to(at::kBFloat16) : tensor;
}

std::vector<at::Tensor> TrainingPass::forward(const HeadLayers& weights, const at::Tensor& x,
                                              const DropoutKey& key, bool update_statistics) {
  weights_ = &weights;
  x_ = x;
  const HeadShape& shape = head_.shape();
  at::Tensor input = x;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    auto& [pass, mask, gradient, block_input, weight] = blocks_[i];
    const HeadLayers::Block& layer = weights.trunk[i];
    block_input = operand(input);
    weight = operand(layer.weight);
    for (at::Tensor* buffer : {&pass.z, &pass.y, &gradient})
      reserve(*buffer, {x.size(0), shape.width}, x);
    for (at::Tensor* buffer : {&pass.mean, &pass.inverse_std}) reserve(*buffer, {shape.width}, x);
    pass.gamma = layer.norm_weight;
    pass.beta = layer.norm_bias;
    pass.bias = layer.bias;
    const Head::Statistics& running = head_.block_statistics()[i];
    pass.running_mean = update_statistics ? running.mean : at::Tensor();
    pass.running_var = update_statistics ? running.var : at::Tensor();
    const auto number = static_cast<std::int64_t>(i);
    mask = x.is_cpu() ? dropout_mask(key, number, x.size(0), shape.dropout)
                      : dropout_mask_on(x.device(), key, number, x.size(0), shape.dropout);
    times_transposed(pass.z, block_input, weight);
    mien::forward(pass, mask);
    input = pass.y;
  }
  std::vector<at::Tensor> logits;
  for (const HeadLayers::Output& head : weights.heads) {
    logits.push_back(linear(input, head.weight, head.bias));
  }
  return logits;
}

void TrainingPass::backward(const std::vector<at::Tensor>& logit_gradients) {
  const at::Tensor& top = blocks_.empty() ? x_ : blocks_.back().pass.y;
  for (std::size_t t = 0; t < logit_gradients.size(); ++t) {
    const at::Tensor& gradient = logit_gradients[t];
    HeadLayers::Output& target = gradient_layers_.heads[t];
    transposed_times(target.weight, gradient, top);
    at::sum_out(target.bias, gradient, 0);
    if (blocks_.empty()) continue;
    times(blocks_.back().gradient, gradient, weights_->heads[t].weight, /*add=*/t > 0);
  }
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    const Block& block = blocks_[i];
    const HeadLayers::Block& target = gradient_layers_.trunk[i];
    mien::backward(block.pass, block.mask, block.gradient, target.norm_weight, target.norm_bias);
    const at::Tensor gradient = operand(block.gradient);
    transposed_times(target.weight, gradient, block.input);
    if (i > 0) times(blocks_[i - 1].gradient, gradient, block.weight);
  }
}

}  // namespace mien
