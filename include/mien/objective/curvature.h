// Second derivatives of single losses by the logits, times a direction.
#pragma once

#include <ATen/core/Tensor.h>

#include "mien/objective/losses.h"

namespace mien {

/// What the slopes of cross_entropy() change by when the logits move along `tangents` [B, C]. With
/// u = log p_t, l = f(u), grad u = one_hot(t) - p and v the row's tangent
///     f''(u) (grad u . v) grad u - f'(u) (p v - p (p . v)).
/// Label smoothing leaves it as it is: the slopes p - q lose a constant.
at::Tensor cross_entropy_curvature(const at::Tensor& logits, const at::Tensor& labels,
                                   const CrossEntropyOptions& options, const at::Tensor& tangents);

/// The same of binary_cross_entropy(), element by element: u = log sigmoid(s z), s = 2y - 1,
///     (f''(u) (1 - p_t)^2 - f'(u) p_t (1 - p_t)) v.
at::Tensor binary_cross_entropy_curvature(const at::Tensor& logits, const at::Tensor& labels,
                                          double focal, const at::Tensor& tangents);

}  // namespace mien
