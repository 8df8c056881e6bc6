#include "product_tiles.h"

#if defined(__x86_64__)

namespace mien {
namespace {

using Index = std::int64_t;

// 4 x 3 sums fill 12 of the 16 registers.
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
constexpr int kVector = 8, kRows = 4;

typedef float Quarter __attribute__((vector_size(16)));

inline float total(const float __attribute__((vector_size(32))) & sums) {
  Quarter four = __builtin_shufflevector(sums, sums, 0, 1, 2, 3) +
                 __builtin_shufflevector(sums, sums, 4, 5, 6, 7);
  four += __builtin_shufflevector(four, four, 2, 3, 2, 3);
  return four[0] + four[1];
}

#include "product_tiles.inc"
}  // namespace avx2
#pragma GCC pop_options

// 8 x 3 sums fill 24 of the 32 registers.
#pragma GCC push_options
#pragma GCC target("avx512f,fma")
namespace avx512 {
constexpr int kVector = 16, kRows = 8;

typedef float Half __attribute__((vector_size(32)));
typedef float Quarter __attribute__((vector_size(16)));

inline float total(const float __attribute__((vector_size(64))) & sums) {
  const Half eight = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
  Quarter four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
                 __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  four += __builtin_shufflevector(four, four, 2, 3, 2, 3);
  return four[0] + four[1];
}

#include "product_tiles.inc"
}  // namespace avx512
#pragma GCC pop_options

}  // namespace

// The tables are made by code in these vectors, too: not before the machine is known to have them.

const ProductTiles* avx512_tiles() {
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("fma")) return nullptr;
  static const ProductTiles tiles = avx512::make_tiles("avx512");
  return &tiles;
}

const ProductTiles* avx2_tiles() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return nullptr;
  static const ProductTiles tiles = avx2::make_tiles("avx2");
  return &tiles;
}

}  // namespace mien

#else

namespace mien {

const ProductTiles* avx512_tiles() {
  return nullptr;
}

const ProductTiles* avx2_tiles() {
  return nullptr;
}

}  // namespace mien

#endif
