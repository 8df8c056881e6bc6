// The matrix products of a training step.
#pragma once

#include <ATen/core/Tensor.h>

namespace mien {

// Each writes `out`, or adds to it where `add`; `out` is contiguous and lives on the factors'
// device. Factors in bf16 give a product that is rounded to bf16 before it goes to an fp32 `out`.
// fp32 on CPUs with AVX2 or AVX-512 goes by UnpackedProducts, everything else by at::mm.

/// out [m, n] = a [m, k] times b [n, k] transposed.
void times_transposed(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b,
                      bool add = false);
/// out [m, n] = a [m, k] times b [k, n].
void times(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b, bool add = false);
/// out [m, n] = a [k, m] transposed times b [k, n].
void transposed_times(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b,
                      bool add = false);

/// x [m, k] times weight [n, k] transposed, plus bias [n]. By tiles a row does not depend on the
/// others beside it.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace mien
