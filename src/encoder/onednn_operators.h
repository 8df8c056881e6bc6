// Names of LibTorch's prepacked oneDNN operators, which no header of it declares.
#pragma once

#include <ATen/core/Tensor.h>

namespace mien {

inline constexpr const char* kReorderLinearWeight = "mkldnn::_reorder_linear_weight";
inline constexpr const char* kLinearPointwise = "mkldnn::_linear_pointwise";

/// `weight` [out, in] in the layout that kLinearPointwise takes.
at::Tensor reorder_for_onednn(const at::Tensor& weight, std::int64_t rows);

}  // namespace mien
