// A matrix product with constant weights, for processors with AVX2 and FMA but nothing wider.
#pragma once

#include <cstdint>
#include <memory>

namespace mien {

/// What happens to a row's sums before they are stored.
enum class Epilogue { kNone, kSwish, kAdd };

/// Whether the processor has AVX2 and FMA.
bool has_tiled_product();

/// Weights [out, in] laid out in panels of 16 columns of the product.
class TiledProduct {
 public:
  /// `weight` fp32 [out, in], row-major; `bias` fp32 [out] or null. Both are copied.
  TiledProduct(const float* weight, const float* bias, std::int64_t out, std::int64_t in);

  std::int64_t out() const { return out_; }
  std::int64_t in() const { return in_; }

  /// `input` [rows, in] * weights^T + bias -> `output` [rows, out], then x * sigmoid(x) or plus
  /// `residual` [rows, out]. All row-major; OpenMP's threads share the work. The sums of an element
  /// are added in one order, whatever the number of threads and rows.
  void apply(const float* input, std::int64_t rows, Epilogue epilogue, const float* residual,
             float* output) const;

 private:
  struct Task;
  void sum(const Task& task, const float* input, float* sums) const;
  void store(const Task& task, float* sums, Epilogue epilogue, const float* residual,
             float* output) const;

  std::int64_t out_, in_, panels_;
  std::unique_ptr<float[], void (*)(void*)> packed_;  ///< [panels, in, 16]
  std::unique_ptr<float[], void (*)(void*)> bias_;    ///< [panels, 16]
};

}  // namespace mien
