#include "dropout_mask.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <cmath>

namespace mien {
namespace {

constexpr std::int64_t kLow32 = 0xffffffff;

at::Tensor shifted_right(const at::Tensor& bits, int by) {
  return bits.__rshift__(by);
}

/// (h ^ (h >> by)) * factor in 32 bits, on int64 that hold unsigned 32-bit numbers.
at::Tensor stirred(const at::Tensor& h, int by, std::int64_t factor) {
  return h.bitwise_xor(shifted_right(h, by)).mul_(factor).bitwise_and_(kLow32);
}

}  // namespace

std::uint64_t mixed_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

DropoutMask dropout_mask(const DropoutKey& key, std::int64_t layer, std::int64_t rows,
                         double share) {
  DropoutMask mask;
  if (share <= 0) return mask;
  const std::uint64_t pass = mixed_bits(mixed_bits(mixed_bits(key.seed) ^ key.step) ^ key.pass);
  const std::uint64_t base = mixed_bits(pass + static_cast<std::uint64_t>(layer));
  mask.row_keys.resize(static_cast<std::size_t>(rows));
  for (std::size_t row = 0; row < mask.row_keys.size(); ++row) {
    mask.row_keys[row] = static_cast<std::uint32_t>(mixed_bits(base + row) >> 32);
  }
  mask.threshold = static_cast<std::uint32_t>(std::ldexp(share, 32));
  mask.scale = 1 / (1 - share);
  return mask;
}

at::Tensor factors_of(const DropoutMask& mask, std::int64_t columns,
                      const at::TensorOptions& options) {
  const auto rows = static_cast<std::int64_t>(mask.row_keys.size());
  const at::Tensor host = at::empty({rows, 1}, at::kLong);
  std::copy(mask.row_keys.begin(), mask.row_keys.end(), host.mutable_data_ptr<std::int64_t>());
  const at::Tensor keys = host.to(options.device());
  const at::Tensor column = at::arange(columns, options.dtype(at::kLong)).mul_(0x9e3779b1);
  at::Tensor h = keys.add(column).bitwise_and_(kLow32);
  h = stirred(stirred(h, 16, 0x7feb352d), 15, 0x846ca68b);
  h = h.bitwise_xor(shifted_right(h, 16));
  return h.ge(static_cast<std::int64_t>(mask.threshold)).to(options.dtype()).mul_(mask.scale);
}

}  // namespace mien
