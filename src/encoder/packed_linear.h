// A constant linear layer, prepared once for the processor at hand.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "tiled_product.h"

namespace mien {

/// Who multiplies: the BLAS of LibTorch (any device and dtype), oneDNN with weights in its own
/// blocked layout (CPU), or TiledProduct (fp32 on a CPU with AVX2). Which one is fastest depends on
/// the processor: it is measured.
enum class LinearKernel { kBlas, kOneDnn, kTiled };

/// Whether this LibTorch has the prepacked operators of oneDNN and they take the dtype here.
bool has_onednn_linear(at::ScalarType dtype);

class PackedLinear {
 public:
  /// `weight` fp32 [out, in], `bias` fp32 [out] or undefined; both are converted to `dtype` on
  /// `device`. `rows`: of the input that is expected, a hint for the layout.
  PackedLinear(const at::Tensor& weight, const at::Tensor& bias, LinearKernel kernel,
               at::ScalarType dtype, const at::Device& device, std::int64_t rows);

  /// `input` [rows, in] -> [rows, out].
  at::Tensor apply(const at::Tensor& input) const;
  /// Then x * sigmoid(x).
  at::Tensor apply_swish(const at::Tensor& input) const;
  /// Plus `residual` [rows, out].
  at::Tensor apply_add(const at::Tensor& input, const at::Tensor& residual) const;

 private:
  at::Tensor tiled(const at::Tensor& input, Epilogue epilogue, const at::Tensor& residual) const;

  LinearKernel kernel_;
  at::Tensor weight_;  ///< kBlas: [in, out]; kOneDnn: opaque; kTiled: none
  std::shared_ptr<const TiledProduct> product_;  ///< kTiled
  at::Tensor bias_;
};

}  // namespace mien
