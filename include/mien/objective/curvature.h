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

/// The same of the squared error (tanh(z) - y)^2, element by element, logits and labels [B, K].
at::Tensor squared_error_curvature(const at::Tensor& logits, const at::Tensor& labels,
                                   const at::Tensor& tangents);

/// The same of one minus the concordance correlation of tanh(z) with the labels, mean of
/// the K dimensions, over the valid rows. Rows depend on each other: the second derivative
/// runs through the moments. A dimension where the denominator is 0 contributes 0. In fp64.
at::Tensor concordance_curvature(const at::Tensor& logits, const TaskTargets& targets,
                                 const at::Tensor& tangents);

}  // namespace mien
