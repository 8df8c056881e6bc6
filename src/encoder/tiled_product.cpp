#include "tiled_product.h"

#include <cstdlib>
#include <stdexcept>

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

namespace mien {
namespace {

// A tile of 6 x 16 sums fills 12 of the 16 registers. A slice of 256 inputs of one panel (16 KB)
// stays in the first cache while the rows pass by, a block of rows (120 KB) in the second.
constexpr std::int64_t kTileRows = 6, kPanel = 16;
constexpr std::int64_t kDepth = 256;
constexpr std::int64_t kBlockRows = 20 * kTileRows;
constexpr std::int64_t kPanelsATask = 8;

#define MIEN_AVX2 __attribute__((target("avx2,fma")))

std::unique_ptr<float[], void (*)(void*)> aligned_floats(std::int64_t count) {
  const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(float) + 63) / 64 * 64;
  auto* memory = static_cast<float*>(std::aligned_alloc(64, bytes));
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return {memory, std::free};
}

/// `tile` [kRows, 16] += `input` [kRows, depth] (rows `stride` apart) * `panel` [depth, 16]. `tile`
/// has its rows `tile_stride` apart.
template <int kRows>
MIEN_AVX2 inline void multiply(const float* input, std::int64_t stride, const float* panel,
                               std::int64_t depth, float* tile, std::int64_t tile_stride) {
  __m256 low[kRows], high[kRows];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    low[r] = _mm256_loadu_ps(tile + r * tile_stride);
    high[r] = _mm256_loadu_ps(tile + r * tile_stride + 8);
  }
#pragma GCC unroll 8
  for (std::int64_t k = 0; k < depth; ++k, panel += kPanel) {
    const __m256 first = _mm256_load_ps(panel), second = _mm256_load_ps(panel + 8);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256 value = _mm256_broadcast_ss(input + r * stride + k);
      low[r] = _mm256_fmadd_ps(value, first, low[r]);
      high[r] = _mm256_fmadd_ps(value, second, high[r]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    _mm256_storeu_ps(tile + r * tile_stride, low[r]);
    _mm256_storeu_ps(tile + r * tile_stride + 8, high[r]);
  }
}

using Multiply = void (*)(const float*, std::int64_t, const float*, std::int64_t, float*,
                          std::int64_t);
constexpr Multiply kMultiply[] = {nullptr,     multiply<1>, multiply<2>, multiply<3>,
                                  multiply<4>, multiply<5>, multiply<6>};

/// exp(x), relative error below 2e-7 for x in [-87, 88]: 2^n times a polynomial of the rest.
MIEN_AVX2 inline __m256 exp_of(__m256 x) {
  x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87.F)), _mm256_set1_ps(88.F));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504F)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(.693359375F), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4F), r);
  __m256 p = _mm256_set1_ps(1.9875691500e-4F);
  for (const float c :
       {1.3981999507e-3F, 8.3334519073e-3F, 4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F}) {
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(c));
  }
  p = _mm256_fmadd_ps(_mm256_mul_ps(p, r), r, _mm256_add_ps(r, _mm256_set1_ps(1.F)));
  const __m256i exponent =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(exponent));
}

MIEN_AVX2 inline __m256 swish(__m256 x) {
  const __m256 one = _mm256_set1_ps(1.F);
  return _mm256_div_ps(x, _mm256_add_ps(one, exp_of(_mm256_sub_ps(_mm256_setzero_ps(), x))));
}

MIEN_AVX2 void swish_all(float* values, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(values + i, swish(_mm256_loadu_ps(values + i)));
  }
  for (; i < count; ++i) values[i] = values[i] / (1 + std::exp(-values[i]));
}

MIEN_AVX2 void add_all(const float* other, float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] += other[i];
}

}  // namespace

bool has_tiled_product() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

TiledProduct::TiledProduct(const float* weight, const float* bias, std::int64_t out,
                           std::int64_t in)
    : out_(out),
      in_(in),
      panels_((out + kPanel - 1) / kPanel),
      packed_(aligned_floats(panels_ * in * kPanel)),
      bias_(aligned_floats(panels_ * kPanel)) {
  for (std::int64_t column = 0; column < out; ++column) {
    float* to = packed_.get() + column / kPanel * in * kPanel + column % kPanel;
    for (std::int64_t k = 0; k < in; ++k) to[k * kPanel] = weight[column * in + k];
  }
  if (bias != nullptr) std::copy_n(bias, out, bias_.get());
}

/// One task: rows [first_row, end_row) of the panels [first_panel, end_panel).
struct TiledProduct::Task {
  std::int64_t first_row, end_row, first_panel, end_panel;
  std::int64_t rows() const { return end_row - first_row; }
  std::int64_t width() const { return (end_panel - first_panel) * kPanel; }
};

void TiledProduct::apply(const float* input, std::int64_t rows, Epilogue epilogue,
                         const float* residual, float* output) const {
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  const std::int64_t groups = (panels_ + kPanelsATask - 1) / kPanelsATask;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t i = 0; i < blocks * groups; ++i) {
    const std::int64_t row = i / groups * kBlockRows, panel = i % groups * kPanelsATask;
    const Task task = {row, std::min(rows, row + kBlockRows), panel,
                       std::min(panels_, panel + kPanelsATask)};
    alignas(64) float sums[kBlockRows * kPanelsATask * kPanel];
    sum(task, input, sums);
    store(task, sums, epilogue, residual, output);
  }
}

/// The task's sums [rows, width], bias included.
void TiledProduct::sum(const Task& task, const float* input, float* sums) const {
  const std::int64_t width = task.width();
  for (std::int64_t r = 0; r < task.rows(); ++r) {
    std::copy_n(bias_.get() + task.first_panel * kPanel, width, sums + r * width);
  }
  for (std::int64_t k = 0; k < in_; k += kDepth) {
    const std::int64_t depth = std::min(kDepth, in_ - k);
    for (std::int64_t p = task.first_panel; p < task.end_panel; ++p) {
      const float* panel = packed_.get() + (p * in_ + k) * kPanel;
      float* column = sums + (p - task.first_panel) * kPanel;
      for (std::int64_t r = 0; r < task.rows(); r += kTileRows) {
        kMultiply[std::min(kTileRows, task.rows() - r)](input + (task.first_row + r) * in_ + k, in_,
                                                        panel, depth, column + r * width, width);
      }
    }
  }
}

void TiledProduct::store(const Task& task, float* sums, Epilogue epilogue, const float* residual,
                         float* output) const {
  const std::int64_t first = task.first_panel * kPanel;
  const std::int64_t count = std::min(task.width(), out_ - first);
  for (std::int64_t r = 0; r < task.rows(); ++r) {
    float* values = sums + r * task.width();
    const std::int64_t at = (task.first_row + r) * out_ + first;
    if (epilogue == Epilogue::kSwish) swish_all(values, count);
    if (epilogue == Epilogue::kAdd) add_all(residual + at, values, count);
    std::copy_n(values, count, output + at);
  }
}

}  // namespace mien

#else  // another processor: never used, as has_tiled_product() says

namespace mien {

struct TiledProduct::Task {};

bool has_tiled_product() {
  return false;
}

TiledProduct::TiledProduct(const float*, const float*, std::int64_t, std::int64_t)
    : out_(0), in_(0), panels_(0), packed_(nullptr, std::free), bias_(nullptr, std::free) {
  throw std::logic_error("TiledProduct: not for this processor");
}

void TiledProduct::apply(const float*, std::int64_t, Epilogue, const float*, float*) const {}

}  // namespace mien

#endif
