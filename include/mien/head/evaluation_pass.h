// The head in evaluation mode on fixed rows, with first and second derivatives.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "mien/head/head.h"

namespace mien {

/// Running statistics, no dropout: each block is Linear, an affine map a unit, ReLU. The product of
/// the Hessian with a direction is written out (Pearlmutter, 1994: the derivative of forward and
/// backward pass along the direction), without autograd and at twice a gradient's cost. ReLU counts
/// as linear on either side of its kink.
class EvaluationPass {
 public:
  /// `x` [B, input_dim] in the head's dtype. The head's weights as they are now; both live as long
  /// as this object, which keeps three [B, W] tensors a block.
  EvaluationPass(const Head& head, const at::Tensor& x);
  ~EvaluationPass();

  /// One [B, score_columns] tensor a task, as Head::forward() gives them.
  const std::vector<at::Tensor>& logits() const { return logits_; }

  /// Gradient [P], flat as Head::parameters(), given d loss / d logits, one a task. Hessian
  /// products are of the loss that has these slopes.
  at::Tensor gradient(const std::vector<at::Tensor>& logit_gradients);

  /// From what the logits move by along a direction to what d loss / d logits moves by.
  using Curvature = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& tangents)>;

  /// Hessian times `direction` [P], after gradient().
  at::Tensor hessian_product(const at::Tensor& direction, const Curvature& curvature) const;

 private:
  struct Block;
  std::vector<at::Tensor> block_tangents(const HeadLayers& along) const;

  const Head& head_;
  at::Tensor x_;
  std::vector<Block> blocks_;
  std::vector<at::Tensor> logits_, logit_gradients_;
};

}  // namespace mien
