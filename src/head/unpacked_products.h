// Matrix products in fp32 on the CPU, for the shapes of a training step.
#pragma once

#include "product_tiles.h"

namespace mien {

/// A dense row-major matrix.
template <class T>
struct Rows {
  T* values;
  std::int64_t rows, columns;
  T* row(std::int64_t i) const { return values + i * columns; }
};

/// A BLAS packs both factors before it multiplies and clears the result beforehand. With a few
/// dozen rows a weight is read as seldom as it is packed; these read the matrices where they lie.
/// Each product writes `out`, or adds to it where `add`. The order of a sum depends on the shapes
/// alone, not on the number of threads.
class UnpackedProducts {
 public:
  explicit UnpackedProducts(const ProductTiles& tiles) : tiles_(tiles) {}

  /// out [m, n] = a [m, k] times b [n, k] transposed.
  void times_transposed(const Rows<float>& out, const Rows<const float>& a,
                        const Rows<const float>& b, bool add) const;
  /// out [m, n] = a [m, k] times b [k, n].
  void times(const Rows<float>& out, const Rows<const float>& a, const Rows<const float>& b,
             bool add) const;
  /// out [m, n] = a [k, m] transposed times b [k, n].
  void transposed_times(const Rows<float>& out, const Rows<const float>& a,
                        const Rows<const float>& b, bool add) const;

 private:
  struct Place;
  void tile(const TileFactors& factors, const float* b, std::int64_t depth, const Place& place,
            bool add) const;

  const ProductTiles& tiles_;
};

}  // namespace mien
