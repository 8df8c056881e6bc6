// Losses of single samples and outputs, with their slopes written out.
#pragma once

#include <ATen/core/Tensor.h>

#include "mien/objective/targets.h"

namespace mien {

/// Losses and what they change by with the logits of their own row or element.
struct LossValues {
  at::Tensor losses;  ///< [B] (classes) or [B, K] (binary, continuous)
  at::Tensor slopes;  ///< d losses / d logits, shape and dtype of the logits
};

/// What cross_entropy may differ in from the plain one.
struct CrossEntropyOptions {
  double label_smoothing = 0;  ///< e in [0, 1)
  double focal = 0;            ///< gamma >= 0; not beside label smoothing
  at::Tensor logit_offsets;    ///< [C], added to the logits; undefined: none
  at::Tensor class_weights;    ///< [C], multiplies the loss of a label's class; undefined: one
};

/// Cross-entropy a sample: logits [B, C], labels int64 [B]. With log p = log_softmax(logits +
/// offsets) and the label t
///     l = -sum_c q_c log p_c,  q = (1 - e) one_hot(t) + e / C  (Szegedy et al., 2016)
///     dl/dz = p - q
/// and with gamma > 0 (Lin et al., 2017)
///     l = -(1 - p_t)^gamma log p_t
///     dl/dz = (1 - p_t)^gamma (gamma p_t log p_t / (1 - p_t) - 1) (one_hot(t) - p).
/// Offsets tau log(prior) are logit adjustment (Menon et al., 2021).
LossValues cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                         const CrossEntropyOptions& options = {});

/// Binary cross-entropy an element, logits and labels [B, K]; labels are 0 or 1. With s = 2y - 1
/// and p_t = sigmoid(s z): l = -(1 - p_t)^gamma log p_t (focal loss, Lin et al., 2017).
LossValues binary_cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                                double focal = 0);

/// Squared error an element of what is predicted, p = tanh(z): logits z and labels y [B, K].
///     l = (p - y)^2,  dl/dz = 2 (p - y) (1 - p^2)
LossValues squared_error(const at::Tensor& logits, const at::Tensor& labels);

/// A scalar and its gradient.
struct BatchLoss {
  at::Tensor loss;      ///< scalar
  at::Tensor gradient;  ///< d loss / d logits, shape and dtype of the logits
};

/// Mean over outputs of the mean over pairs (positive, negative) of max(margin - (s+ - s-),
/// 0)^power, on logits [B, K] (Gao and Zhou, 2015, of pairwise surrogates of the AUC). With row
/// weights a pair weighs the product of its rows'. An output with one class only contributes 0 and
/// stays in the divisor. power >= 1.
BatchLoss auc_margin_loss(const at::Tensor& logits, const TaskTargets& targets, double margin,
                          double power);

/// One minus the concordance correlation coefficient (Lin, 1989) of p = tanh(z) with the labels y,
/// mean of the K dimensions, logits z [B, K]. Over a dimension's n valid rows, with population
/// moments (in which a row weighs its weight),
///     c = 2 cov(y, p) / D,  D = var(y) + var(p) + (mean(y) - mean(p))^2
///     d(1 - c)/dz_i = -2 ((y_i - mean(y)) - c (p_i - mean(y))) / (n D) (1 - p_i^2).
/// A dimension with fewer than two valid rows, or with neither labels nor predictions that differ,
/// contributes 0 and stays in the divisor. One number a batch: there is no tail to take, and a
/// CVaR does not apply. In fp64 whatever the logits' dtype.
BatchLoss concordance_loss(const at::Tensor& logits, const TaskTargets& targets);

}  // namespace mien
