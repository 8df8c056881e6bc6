#include "unpacked_products.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace mien {
namespace {

using Index = std::int64_t;

constexpr Index kBlockRows = 64;                ///< of a batch: they stay in the second cache
constexpr Index kDepth = 16;                    ///< rows of b that a tile of times() passes by
constexpr Index kWorkAThread = Index{1} << 21;  ///< multiplications that are worth a thread

/// work(begin, end) for parts of [0, size) that begin at multiples of `tile`.
template <class Work>
void in_parallel(Index size, Index tile, Index work_an_item, const Work& work) {
  const Index grain = std::max<Index>(1, kWorkAThread / std::max<Index>(1, work_an_item * tile));
  at::parallel_for(0, (size + tile - 1) / tile, grain,
                   [&](Index begin, Index end) { work(begin * tile, std::min(size, end * tile)); });
}

/// Columns beyond the last whole vector.
void rest_of_tile(const TileFactors& factors, Index rows, const float* b, Index depth, float* out,
                  Index stride, Index columns, bool add) {
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) {
      float sum = 0;
      for (Index k = 0; k < depth; ++k) {
        sum += factors.values[r * factors.by_row + k * factors.by_depth] * b[k * stride + c];
      }
      float& target = out[r * stride + c];
      target = add ? target + sum : sum;
    }
  }
}

}  // namespace

/// Where a tile's sums go.
struct UnpackedProducts::Place {
  float* out;
  Index stride, rows, columns;
};

void UnpackedProducts::tile(const TileFactors& factors, const float* b, Index depth,
                            const Place& place, bool add) const {
  const Index vectors = place.columns / tiles_.vector, whole = vectors * tiles_.vector;
  if (vectors > 0) {
    tiles_.rank_sums[place.rows - 1][vectors - 1](factors, b, depth, place.out, place.stride, add);
  }
  if (whole == place.columns) return;
  rest_of_tile(factors, place.rows, b + whole, depth, place.out + whole, place.stride,
               place.columns - whole, add);
}

void UnpackedProducts::times_transposed(const Rows<float>& out, const Rows<const float>& a,
                                        const Rows<const float>& b, bool add) const {
  // A tile's rows of b stay in the first cache while the rows of a pass by.
  constexpr Index kPassing = ProductTiles::kMostVectors;
  const auto work = [&](Index begin, Index end) {
    for (Index block = 0; block < a.rows; block += kBlockRows) {
      const Index block_end = std::min(a.rows, block + kBlockRows);
      for (Index c = begin; c < end; c += tiles_.rows) {
        const Index kept = std::min<Index>(tiles_.rows, end - c);
        for (Index r = block; r < block_end; r += kPassing) {
          const Index passing = std::min(kPassing, block_end - r);
          tiles_.dots[kept - 1][passing - 1](b.row(c), a.row(r), a.columns, out.row(r) + c,
                                             out.columns, add);
        }
      }
    }
  };
  in_parallel(b.rows, tiles_.rows, a.rows * a.columns, work);
}

void UnpackedProducts::times(const Rows<float>& out, const Rows<const float>& a,
                             const Rows<const float>& b, bool add) const {
  const Index tile_columns = Index{ProductTiles::kMostVectors} * tiles_.vector;
  const auto pass_by = [&](Index block, Index k, Index begin, Index end) {
    const Index block_end = std::min(a.rows, block + kBlockRows);
    const Index depth = std::min(kDepth, b.rows - k);
    for (Index c = begin; c < end; c += tile_columns) {
      for (Index r = block; r < block_end; r += tiles_.rows) {
        const Place place{out.row(r) + c, out.columns, std::min<Index>(tiles_.rows, block_end - r),
                          std::min(tile_columns, end - c)};
        tile({a.row(r) + k, a.columns, 1}, b.row(k) + c, depth, place, add || k > 0);
      }
    }
  };
  const auto work = [&](Index begin, Index end) {
    for (Index block = 0; block < a.rows; block += kBlockRows) {
      for (Index k = 0; k < b.rows; k += kDepth) pass_by(block, k, begin, end);
    }
  };
  in_parallel(b.columns, tile_columns, a.rows * a.columns, work);
}

void UnpackedProducts::transposed_times(const Rows<float>& out, const Rows<const float>& a,
                                        const Rows<const float>& b, bool add) const {
  const Index tile_columns = Index{ProductTiles::kMostVectors} * tiles_.vector;
  constexpr Index kRows = ProductTiles::kMostRows;
  const auto pass_by = [&](Index block, Index r) {
    const Index depth = std::min(kBlockRows, a.rows - block);
    const Index rows = std::min<Index>(tiles_.rows, a.columns - r);
    alignas(32) float factors[kBlockRows * kRows];
    for (Index k = 0; k < depth; ++k) std::copy_n(a.row(block + k) + r, rows, factors + k * kRows);
    for (Index c = 0; c < b.columns; c += tile_columns) {
      const Place place{out.row(r) + c, out.columns, rows, std::min(tile_columns, b.columns - c)};
      tile({factors, 1, kRows}, b.row(block) + c, depth, place, add || block > 0);
    }
  };
  const auto work = [&](Index begin, Index end) {
    for (Index block = 0; block < a.rows; block += kBlockRows) {
      for (Index r = begin; r < end; r += tiles_.rows) pass_by(block, r);
    }
  };
  in_parallel(a.columns, tiles_.rows, a.rows * b.columns, work);
}

}  // namespace mien
