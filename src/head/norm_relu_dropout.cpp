#include "norm_relu_dropout.h"

#include <ATen/Parallel.h>
#include <ATen/ops/var_mean.h>

#include <algorithm>
#include <cmath>

// The loops over the columns of a block vectorise; a function of its own for AVX2 lets them do so
// in eights whatever the machine that compiles.
#if defined(__x86_64__)
#define MIEN_AVX2 __attribute__((target("avx2,fma")))
#else
#define MIEN_AVX2
#endif
#define MIEN_INLINE [[gnu::always_inline]] inline
#define MIEN_INLINE_LAMBDA __attribute__((always_inline))

namespace mien {
namespace {

// Columns are done in blocks by one thread each: no sum crosses threads, so the bits do not depend
// on their number.
constexpr int kColumns = 64;
constexpr std::int64_t kValuesAThread = std::int64_t{1} << 15;  ///< that are worth a thread
constexpr std::int64_t kRowsASum = 32;  ///< added up in T before they go to a sum in double

template <class T>
struct Matrix {
  T* values;
  std::int64_t rows, stride;
  T* row(std::int64_t i) const { return values + i * stride; }
};

struct MaskView {
  const std::uint32_t* row_keys;  ///< null: everything is kept
  std::uint32_t threshold;
  double scale;
};

/// Sums over the rows of value(row, j) for the block's n columns.
template <class T, class Value>
MIEN_INLINE void column_sums(std::int64_t rows, int n, double* sums, const Value& value) {
  for (int j = 0; j < n; ++j) sums[j] = 0;
  for (std::int64_t begin = 0; begin < rows; begin += kRowsASum) {
    T part[kColumns] = {};
    const std::int64_t end = std::min(rows, begin + kRowsASum);
    for (std::int64_t i = begin; i < end; ++i) {
      for (int j = 0; j < n; ++j) part[j] += value(i, j);
    }
    for (int j = 0; j < n; ++j) sums[j] += static_cast<double>(part[j]);
  }
}

template <class T>
struct ForwardBlock {
  Matrix<const T> z;
  Matrix<T> y;
  const T *gamma, *beta, *bias;
  T *mean, *inverse_std, *running_mean, *running_var;  ///< running_*: null when they stay
  MaskView mask;
};

template <class T>
MIEN_INLINE void columns(const ForwardBlock<T>& b, std::int64_t first, int n) {
  const auto rows = static_cast<double>(b.z.rows);
  double sums[kColumns], squares[kColumns];
  T mean[kColumns], scale[kColumns], shift[kColumns];
  column_sums<T>(b.z.rows, n, sums,
                 [&](std::int64_t i, int j) MIEN_INLINE_LAMBDA { return b.z.row(i)[first + j]; });
  for (int j = 0; j < n; ++j) mean[j] = static_cast<T>(sums[j] / rows);
  column_sums<T>(b.z.rows, n, squares, [&](std::int64_t i, int j) MIEN_INLINE_LAMBDA {
    const T centred = b.z.row(i)[first + j] - mean[j];
    return centred * centred;
  });
  for (int j = 0; j < n; ++j) {
    const std::int64_t c = first + j;
    const double exact_mean = sums[j] / rows, off = exact_mean - static_cast<double>(mean[j]);
    const double variance = std::max(0., squares[j] / rows - off * off);
    b.mean[c] = mean[j];
    b.inverse_std[c] = static_cast<T>(1 / std::sqrt(variance + kNormEpsilon));
    scale[j] = b.inverse_std[c] * b.gamma[c];
    shift[j] = b.beta[c];
    if (b.running_mean == nullptr) continue;
    const auto moved = [](T& running, double to) {
      running =
          static_cast<T>((1 - kNormMomentum) * static_cast<double>(running) + kNormMomentum * to);
    };
    moved(b.running_mean[c], exact_mean + static_cast<double>(b.bias[c]));
    moved(b.running_var[c], variance * rows / (rows - 1));
  }
  const T kept = static_cast<T>(b.mask.scale);
  const std::uint32_t threshold = b.mask.threshold;
  for (std::int64_t i = 0; i < b.z.rows; ++i) {
    const T* z = b.z.row(i) + first;
    T* y = b.y.row(i) + first;
    T active[kColumns];
    for (int j = 0; j < n; ++j) {
      const T value = (z[j] - mean[j]) * scale[j] + shift[j];
      active[j] = value < 0 ? T(0) : value;  // lets a NaN through, as ReLU does
    }
    if (b.mask.row_keys == nullptr) {
      for (int j = 0; j < n; ++j) y[j] = active[j];
      continue;
    }
    const std::uint32_t key = b.mask.row_keys[i];
    T factor[kColumns];
    for (int j = 0; j < n; ++j) {
      const std::uint32_t bits = unit_bits(key, static_cast<std::uint32_t>(first + j));
      factor[j] = bits >= threshold ? kept : T(0);
    }
    for (int j = 0; j < n; ++j) y[j] = active[j] * factor[j];
  }
}

template <class T>
struct BackwardBlock {
  Matrix<const T> z, y;
  Matrix<T> gradient;
  const T *gamma, *mean, *inverse_std;
  T *gamma_gradient, *beta_gradient;
  double scale;
};

template <class T>
MIEN_INLINE void columns(const BackwardBlock<T>& b, std::int64_t first, int n) {
  const auto rows = static_cast<double>(b.z.rows);
  const T kept = static_cast<T>(b.scale);
  double sums[kColumns], products[kColumns];
  // What reaches BatchNorm's output, in place of what reached the unit's.
  for (std::int64_t i = 0; i < b.z.rows; ++i) {
    const T* y = b.y.row(i) + first;
    T* gradient = b.gradient.row(i) + first;
    T factor[kColumns];
    for (int j = 0; j < n; ++j) factor[j] = y[j] > 0 ? kept : T(0);
    for (int j = 0; j < n; ++j) gradient[j] *= factor[j];
  }
  column_sums<T>(b.z.rows, n, sums, [&](std::int64_t i, int j) MIEN_INLINE_LAMBDA {
    return b.gradient.row(i)[first + j];
  });
  column_sums<T>(b.z.rows, n, products, [&](std::int64_t i, int j) MIEN_INLINE_LAMBDA {
    const T normal = (b.z.row(i)[first + j] - b.mean[first + j]) * b.inverse_std[first + j];
    return b.gradient.row(i)[first + j] * normal;
  });
  T mean_gradient[kColumns], slope[kColumns], scale[kColumns], mean[kColumns];
  for (int j = 0; j < n; ++j) {
    const std::int64_t c = first + j;
    b.beta_gradient[c] = static_cast<T>(sums[j]);
    b.gamma_gradient[c] = static_cast<T>(products[j]);
    mean_gradient[j] = static_cast<T>(sums[j] / rows);
    slope[j] = static_cast<T>(products[j] / rows * static_cast<double>(b.inverse_std[c]));
    scale[j] = b.gamma[c] * b.inverse_std[c];
    mean[j] = b.mean[c];
  }
  for (std::int64_t i = 0; i < b.z.rows; ++i) {
    const T* z = b.z.row(i) + first;
    T* gradient = b.gradient.row(i) + first;
    for (int j = 0; j < n; ++j) {
      gradient[j] = scale[j] * (gradient[j] - mean_gradient[j] - (z[j] - mean[j]) * slope[j]);
    }
  }
}

/// Blocks [begin, end) of columns.
template <class Block>
MIEN_INLINE void each_block(const Block& block, std::int64_t begin, std::int64_t end) {
  const std::int64_t width = block.z.stride;
  for (std::int64_t first = begin * kColumns; first < std::min(width, end * kColumns);
       first += kColumns) {
    if (width - first >= kColumns) {
      columns(block, first, kColumns);  // a constant: loops without a rest
    } else {
      columns(block, first, static_cast<int>(width - first));
    }
  }
}

template <class Block>
void blocks_anywhere(const Block& block, std::int64_t begin, std::int64_t end) {
  each_block(block, begin, end);
}

template <class Block>
MIEN_AVX2 void blocks_by_avx2(const Block& block, std::int64_t begin, std::int64_t end) {
  each_block(block, begin, end);
}

bool has_avx2() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
#else
  return false;
#endif
}

template <class Block>
void all_blocks(const Block& block) {
  const auto run = has_avx2() ? blocks_by_avx2<Block> : blocks_anywhere<Block>;
  const std::int64_t grain = std::max<std::int64_t>(1, kValuesAThread / (kColumns * block.z.rows));
  at::parallel_for(0, (block.z.stride + kColumns - 1) / kColumns, grain,
                   [&](std::int64_t begin, std::int64_t end) { run(block, begin, end); });
}

template <class T>
Matrix<T> matrix(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<T>(), tensor.size(0), tensor.size(1)};
}

template <class T>
Matrix<const T> constant(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<T>(), tensor.size(0), tensor.size(1)};
}

template <class T>
void forward_on_cpu(const NormReluDropout& pass, const DropoutMask& mask) {
  const bool moves = pass.running_mean.defined();
  all_blocks(ForwardBlock<T>{
      constant<T>(pass.z),
      matrix<T>(pass.y),
      pass.gamma.const_data_ptr<T>(),
      pass.beta.const_data_ptr<T>(),
      pass.bias.const_data_ptr<T>(),
      pass.mean.mutable_data_ptr<T>(),
      pass.inverse_std.mutable_data_ptr<T>(),
      moves ? pass.running_mean.mutable_data_ptr<T>() : nullptr,
      moves ? pass.running_var.mutable_data_ptr<T>() : nullptr,
      {mask.threshold == 0 ? nullptr : mask.row_keys.data(), mask.threshold, mask.scale}});
}

template <class T>
void backward_on_cpu(const NormReluDropout& pass, const DropoutMask& mask,
                     const at::Tensor& gradient, const at::Tensor& gamma_gradient,
                     const at::Tensor& beta_gradient) {
  all_blocks(BackwardBlock<T>{
      constant<T>(pass.z), constant<T>(pass.y), matrix<T>(gradient), pass.gamma.const_data_ptr<T>(),
      pass.mean.const_data_ptr<T>(), pass.inverse_std.const_data_ptr<T>(),
      gamma_gradient.mutable_data_ptr<T>(), beta_gradient.mutable_data_ptr<T>(), mask.scale});
}

at::Tensor normal_of(const NormReluDropout& pass) {
  return pass.z.sub(pass.mean).mul_(pass.inverse_std);
}

}  // namespace

void forward(const NormReluDropout& pass, const DropoutMask& mask) {
  if (!pass.z.is_cpu()) return forward_by_operators(pass, mask);
  if (pass.z.scalar_type() == at::kDouble) return forward_on_cpu<double>(pass, mask);
  forward_on_cpu<float>(pass, mask);
}

void backward(const NormReluDropout& pass, const DropoutMask& mask, const at::Tensor& gradient,
              const at::Tensor& gamma_gradient, const at::Tensor& beta_gradient) {
  const auto run = !pass.z.is_cpu()                      ? backward_by_operators
                   : pass.z.scalar_type() == at::kDouble ? backward_on_cpu<double>
                                                         : backward_on_cpu<float>;
  run(pass, mask, gradient, gamma_gradient, beta_gradient);
}

void forward_by_operators(const NormReluDropout& pass, const DropoutMask& mask) {
  const auto rows = static_cast<double>(pass.z.size(0));
  const auto [variance, mean] =
      at::var_mean(pass.z, at::OptionalIntArrayRef({0}), /*unbiased=*/false);
  pass.mean.copy_(mean);
  pass.inverse_std.copy_(variance.add(kNormEpsilon).rsqrt_());
  if (pass.running_mean.defined()) {
    pass.running_mean.lerp_(mean.add(pass.bias), kNormMomentum);
    pass.running_var.lerp_(variance.mul(rows / (rows - 1)), kNormMomentum);
  }
  const at::Tensor active = normal_of(pass).mul_(pass.gamma).add_(pass.beta).clamp_min_(0);
  pass.y.copy_(mask.threshold == 0
                   ? active
                   : active.mul_(factors_of(mask, pass.z.size(1), pass.z.options())));
}

void backward_by_operators(const NormReluDropout& pass, const DropoutMask& mask,
                           const at::Tensor& gradient, const at::Tensor& gamma_gradient,
                           const at::Tensor& beta_gradient) {
  const at::Tensor normal = normal_of(pass);
  gradient.mul_(pass.y.gt(0)).mul_(mask.scale);
  beta_gradient.copy_(gradient.sum(0));
  gamma_gradient.copy_(gradient.mul(normal).sum(0));
  const auto rows = static_cast<double>(pass.z.size(0));
  gradient.sub_(beta_gradient.div(rows))
      .sub_(normal.mul_(gamma_gradient.div(rows)))
      .mul_(pass.gamma.mul(pass.inverse_std));
}

}  // namespace mien
