#include "products.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

#include "unpacked_products.h"

namespace mien {
namespace {

using UnpackedProduct = void (UnpackedProducts::*)(const Rows<float>&, const Rows<const float>&,
                                                   const Rows<const float>&, bool) const;

/// In the widest vectors there are; null on other machines.
const UnpackedProducts* unpacked_products() {
  static const ProductTiles* const tiles = avx512_tiles() ? avx512_tiles() : avx2_tiles();
  if (tiles == nullptr) return nullptr;
  static const UnpackedProducts products(*tiles);
  return &products;
}

bool is_fp32_on_cpu(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == at::kFloat;
}

Rows<const float> rows_of(const at::Tensor& matrix) {
  return {matrix.const_data_ptr<float>(), matrix.size(0), matrix.size(1)};
}

/// Whether it was done.
bool by_tiles(UnpackedProduct product, const at::Tensor& out, const at::Tensor& a,
              const at::Tensor& b, bool add) {
  const UnpackedProducts* products = unpacked_products();
  if (products == nullptr || !is_fp32_on_cpu(a) || !is_fp32_on_cpu(out)) return false;
  const at::Tensor left = a.contiguous(), right = b.contiguous();
  const Rows<float> to{out.mutable_data_ptr<float>(), out.size(0), out.size(1)};
  (products->*product)(to, rows_of(left), rows_of(right), add);
  return true;
}

void by_operators(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b, bool add) {
  at::Tensor target = out;
  if (add && a.scalar_type() == out.scalar_type()) {
    target.addmm_(a, b);
  } else if (add) {
    target.add_(at::mm(a, b));
  } else if (a.scalar_type() == out.scalar_type()) {
    at::mm_out(target, a, b);
  } else {
    target.copy_(at::mm(a, b));
  }
}

}  // namespace

void times_transposed(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b, bool add) {
  if (!by_tiles(&UnpackedProducts::times_transposed, out, a, b, add))
    by_operators(out, a, b.t(), add);
}

void times(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b, bool add) {
  if (!by_tiles(&UnpackedProducts::times, out, a, b, add)) by_operators(out, a, b, add);
}

void transposed_times(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b, bool add) {
  if (!by_tiles(&UnpackedProducts::transposed_times, out, a, b, add))
    by_operators(out, a.t(), b, add);
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!x.is_cpu()) return at::linear(x, weight, bias);
  const at::Tensor out = at::empty({x.size(0), weight.size(0)}, x.options());
  times_transposed(out, x, weight);
  return out.add_(bias);
}

}  // namespace mien
