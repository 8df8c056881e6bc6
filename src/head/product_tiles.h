// Tiles of matrix products in fp32, in the vectors of the machine.
#pragma once

#include <cstdint>

namespace mien {

/// Factor r of row k lies at values[r * by_row + k * by_depth].
struct TileFactors {
  const float* values;
  std::int64_t by_row, by_depth;
};

/// Sums that are kept in registers while rows pass by. A sum's order depends on its depth alone.
struct ProductTiles {
  static constexpr int kMostRows = 8, kMostVectors = 3;

  /// Rows of `a` times rows of `b`, both `depth` long and dense: sum (r, c) goes to
  /// out[r + c * stride]. Added to `out` where `add`.
  using Dots = void (*)(const float* a, const float* b, std::int64_t depth, float* out,
                        std::int64_t stride, bool add);
  /// `out` [rows, vectors] = sum over k < depth of factors times row k of `b`; rows `stride` apart
  /// in `b` and in `out`. Added to `out` where `add`.
  using RankSums = void (*)(const TileFactors& factors, const float* b, std::int64_t depth,
                            float* out, std::int64_t stride, bool add);

  const char* name;
  int rows;                                     ///< of the largest tile
  int vector;                                   ///< floats
  Dots dots[kMostRows][kMostVectors];           ///< [rows of a - 1][rows of b - 1]
  RankSums rank_sums[kMostRows][kMostVectors];  ///< [rows - 1][vectors - 1]
};

/// In vectors of 512 bits, or of 256; null where the machine has none of that kind.
const ProductTiles* avx512_tiles();
const ProductTiles* avx2_tiles();

}  // namespace mien
