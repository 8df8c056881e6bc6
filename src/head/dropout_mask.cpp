#include "dropout_mask.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <cmath>

namespace mien {
namespace {

constexpr std::int64_t kLow32 = 0xffffffff;
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u, kFirst = 0xbf58476d1ce4e5b9u,
                        kSecond = 0x94d049bb133111ebu;

at::Scalar wrapped(std::uint64_t bits) {
  return static_cast<std::int64_t>(bits);
}

/// int64 tensors stand for unsigned numbers: zeros come in from the left.
at::Tensor shifted_right(const at::Tensor& bits, int by) {
  return bits.__rshift__(by).bitwise_and_(wrapped(~std::uint64_t{0} >> by));
}

/// (h ^ (h >> by)) * factor in 32 bits, on int64 that hold unsigned 32-bit numbers.
at::Tensor stirred(const at::Tensor& h, int by, std::int64_t factor) {
  return h.bitwise_xor(shifted_right(h, by)).mul_(factor).bitwise_and_(kLow32);
}

/// mixed_bits() of every element.
at::Tensor mixed_elements(const at::Tensor& bits) {
  at::Tensor x = bits.add(wrapped(kGolden));
  x = x.bitwise_xor(shifted_right(x, 30)).mul_(wrapped(kFirst));
  x = x.bitwise_xor(shifted_right(x, 27)).mul_(wrapped(kSecond));
  return x.bitwise_xor(shifted_right(x, 31));
}

DropoutMask without_keys(double share) {
  DropoutMask mask;
  mask.threshold = static_cast<std::uint32_t>(std::ldexp(share, 32));
  mask.scale = 1 / (1 - share);
  return mask;
}

}  // namespace

std::uint64_t mixed_bits(std::uint64_t x) {
  x += kGolden;
  x = (x ^ (x >> 30)) * kFirst;
  x = (x ^ (x >> 27)) * kSecond;
  return x ^ (x >> 31);
}

std::uint64_t DropoutKey::mixed() const {
  return mixed_bits(mixed_bits(mixed_bits(seed) ^ step) ^ pass);
}

DropoutMask dropout_mask(const DropoutKey& key, std::int64_t layer, std::int64_t rows,
                         double share) {
  if (share <= 0) return {};
  DropoutMask mask = without_keys(share);
  const std::uint64_t bits =
      key.bits.defined() ? static_cast<std::uint64_t>(key.bits.item<std::int64_t>()) : key.mixed();
  const std::uint64_t base = mixed_bits(bits + static_cast<std::uint64_t>(layer));
  mask.row_keys.resize(static_cast<std::size_t>(rows));
  for (std::size_t row = 0; row < mask.row_keys.size(); ++row) {
    mask.row_keys[row] = static_cast<std::uint32_t>(mixed_bits(base + row) >> 32);
  }
  return mask;
}

DropoutMask dropout_mask_on(at::Device device, const DropoutKey& key, std::int64_t layer,
                            std::int64_t rows, double share) {
  if (share <= 0) return {};
  DropoutMask mask = without_keys(share);
  const at::TensorOptions options = at::TensorOptions().dtype(at::kLong).device(device);
  const at::Tensor bits =
      key.bits.defined() ? key.bits : at::full({}, wrapped(key.mixed()), options);
  const at::Tensor base = mixed_elements(bits.add(layer));
  mask.device_row_keys =
      shifted_right(mixed_elements(at::arange(rows, options).add_(base)), 32).unsqueeze(1);
  return mask;
}

at::Tensor factors_of(const DropoutMask& mask, std::int64_t columns,
                      const at::TensorOptions& options) {
  at::Tensor keys = mask.device_row_keys;
  if (!keys.defined()) {
    const auto rows = static_cast<std::int64_t>(mask.row_keys.size());
    const at::Tensor host = at::empty({rows, 1}, at::kLong);
    std::copy(mask.row_keys.begin(), mask.row_keys.end(), host.mutable_data_ptr<std::int64_t>());
    keys = host.to(options.device());
  }
  const at::Tensor column = at::arange(columns, options.dtype(at::kLong)).mul_(0x9e3779b1);
  at::Tensor h = keys.add(column).bitwise_and_(kLow32);
  h = stirred(stirred(h, 16, 0x7feb352d), 15, 0x846ca68b);
  h = h.bitwise_xor(shifted_right(h, 16));
  return h.ge(static_cast<std::int64_t>(mask.threshold)).to(options.dtype()).mul_(mask.scale);
}

}  // namespace mien
