// The head in training mode: a forward pass that keeps what the backward pass needs.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "mien/head/head.h"

namespace mien {

/// Gradients without an autograd graph: the head is a chain of products and one fused pass a block,
/// so each derivative is written down once, into a flat buffer laid out like the parameters.
/// Buffers are kept from call to call.
class TrainingPass {
 public:
  /// `head` outlives this object; its statistics move in forward().
  TrainingPass(Head& head, Precision precision);
  ~TrainingPass();

  /// Batch statistics and dropout. `weights`: the head's layers(), or others of its shape (the
  /// perturbed ones). `x` [B, input_dim], B >= 2, contiguous, in the head's dtype; it, `weights`
  /// and the result live until backward(). One [B, score_columns] tensor of logits a task.
  /// Running statistics move (momentum .1) only when `update_statistics`.
  std::vector<at::Tensor> forward(const HeadLayers& weights, const at::Tensor& x,
                                  const DropoutKey& key, bool update_statistics);

  /// Of the last forward(): given d loss / d logits, one a task, overwrites gradients().
  void backward(const std::vector<at::Tensor>& logit_gradients);

  /// [P] flat, as Head::parameters(). A Linear's bias before BatchNorm has no gradient (BatchNorm
  /// takes the bias away again): its entries are zero.
  const at::Tensor& gradients() const { return gradients_; }

 private:
  struct Block;
  /// What products read: the tensor itself, or with Precision::kBf16 a copy in bf16.
  at::Tensor operand(const at::Tensor& tensor) const;

  Head& head_;
  Precision precision_;
  at::Tensor gradients_;
  HeadLayers gradient_layers_;
  std::vector<Block> blocks_;
  const HeadLayers* weights_ = nullptr;
  at::Tensor x_;
};

}  // namespace mien
