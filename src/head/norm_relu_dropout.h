// BatchNorm1d with batch statistics, ReLU and dropout as one pass each way.
#pragma once

#include <ATen/core/Tensor.h>

#include "dropout_mask.h"

namespace mien {

inline constexpr double kNormMomentum = .1;
inline constexpr double kNormEpsilon = 1e-5;

/// What a forward pass reads and leaves. Tensors of one dtype (fp32 or fp64), contiguous.
struct NormReluDropout {
  at::Tensor z;                  ///< [B, W] in: products without the Linear's bias
  at::Tensor gamma, beta;        ///< [W] BatchNorm's weight and bias
  at::Tensor y;                  ///< [B, W] out: max(0, gamma (z - mean) inverse_std + beta) * mask
  at::Tensor mean, inverse_std;  ///< [W] out: of z over the batch; 1 / sqrt(variance + 1e-5)
  /// [W] moved by momentum .1 (variance unbiased) towards the batch's when defined. `bias` [W] is
  /// the Linear's, which BatchNorm takes away again and only the running mean shows.
  at::Tensor running_mean, running_var, bias;
};

void forward(const NormReluDropout& pass, const DropoutMask& mask);

/// `gradient` [B, W]: d loss / d y in, d loss / d z out. `gamma_gradient`, `beta_gradient` [W] are
/// written. `pass` and `mask` as forward() left them: a unit passes the gradient where y > 0.
void backward(const NormReluDropout& pass, const DropoutMask& mask, const at::Tensor& gradient,
              const at::Tensor& gamma_gradient, const at::Tensor& beta_gradient);

/// The same by standard operators, for every device but the CPU (and for tests).
void forward_by_operators(const NormReluDropout& pass, const DropoutMask& mask);
void backward_by_operators(const NormReluDropout& pass, const DropoutMask& mask,
                           const at::Tensor& gradient, const at::Tensor& gamma_gradient,
                           const at::Tensor& beta_gradient);

}  // namespace mien
