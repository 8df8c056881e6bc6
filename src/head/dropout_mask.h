// Which units a pass drops: a pure function of key, layer, row and column, so that masks are the
// same for any number of threads and on every device, and nothing has to be saved to resume.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "mien/head/head.h"

namespace mien {

/// A unit is kept when unit_bits(row_key, column) >= threshold; what is kept is scaled by `scale`.
struct DropoutMask {
  std::vector<std::uint32_t> row_keys;  ///< [B]; empty with keys on another device
  at::Tensor device_row_keys;           ///< int64 [B, 1] on that device, the same numbers
  std::uint32_t threshold = 0;          ///< share * 2^32; 0 keeps everything
  double scale = 1;                     ///< 1 / (1 - share)
};

/// SplitMix64's finaliser (Steele, Lea and Flood, 2014): spreads a key over all bits.
std::uint64_t mixed_bits(std::uint64_t x);

/// The mask of `rows` rows in layer `layer` of the pass that `key` names. `share` in [0, 1).
DropoutMask dropout_mask(const DropoutKey& key, std::int64_t layer, std::int64_t rows,
                         double share);

/// The same, made by standard operators on `device` out of key.bits, or of a fill where that is
/// undefined: nothing is copied from the host.
DropoutMask dropout_mask_on(at::Device device, const DropoutKey& key, std::int64_t layer,
                            std::int64_t rows, double share);

/// 32 bits that differ for every row and column: an integer hash of low bias (Wellons, 2018).
inline std::uint32_t unit_bits(std::uint32_t row_key, std::uint32_t column) {
  std::uint32_t h = column * 0x9e3779b1U + row_key;
  h = (h ^ (h >> 16)) * 0x7feb352dU;
  h = (h ^ (h >> 15)) * 0x846ca68bU;
  return h ^ (h >> 16);
}

/// The same mask as factors (0 or `scale`) [B, columns], by standard operators on any device.
at::Tensor factors_of(const DropoutMask& mask, std::int64_t columns,
                      const at::TensorOptions& options);

}  // namespace mien
