// How sharp the minimum is that a training found (numerics.md, Flatness).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mien/flatness/spectrum.h"
#include "mien/head/head.h"
#include "mien/objective/objective.h"

namespace mien {

class EvaluationPass;

struct FlatnessOptions {
  double rho = .05;              ///< radius of the sharpness, Euclidean, over all weights
  std::int64_t directions = 10;  ///< random ones beside the gradient's
  std::int64_t products = 30;    ///< Hessian products that Lanczos may spend
  std::int64_t probes = 30;      ///< of the trace
  std::uint64_t seed = 5;        ///< of directions and probes
};

/// The fixed rows that a loss is taken over.
struct FlatnessRows {
  at::Tensor x;                      ///< [N, input_dim] in the head's dtype, on its device
  std::vector<TaskTargets> targets;  ///< in the order of the head's tasks
};

struct Flatness {
  double loss = 0;
  double gradient_norm = 0;
  double ascent = 0;  ///< loss at w + rho g / |g| minus loss; 0 where there is no gradient
  SampleMean random;  ///< loss at w + rho d / |d| minus loss over Gaussian directions d
  TopEigenvalue top;
  SampleMean trace;
};

/// The loss as a function of the weights: evaluation mode, products in the head's dtype, the
/// objective in double. Keeps a head of its own; `objective` and `rows` outlive it.
class LossAt {
 public:
  LossAt(const Head& head, const Objective& objective, const FlatnessRows& rows);

  /// `weights` [P], flat as Head::parameters().
  double operator()(const at::Tensor& weights);

 private:
  Head head_;
  const Objective& objective_;
  const FlatnessRows& rows_;
};

/// The gradient [P] and products with the Hessian of the objective at the head's weights, the tail
/// fixed to the rows that are in it there. `head` and `rows` outlive it.
class LossDerivatives {
 public:
  LossDerivatives(const Head& head, const Objective& objective, const FlatnessRows& rows);
  ~LossDerivatives();

  const at::Tensor& gradient() const { return gradient_; }
  at::Tensor hessian_product(const at::Tensor& direction) const;

 private:
  const Objective& objective_;
  const FlatnessRows& rows_;
  std::vector<at::Tensor> logits_;  ///< double, of all rows
  at::Tensor active_;               ///< int64: rows with a slope; the others' products are zero
  std::unique_ptr<EvaluationPass> pass_;
  at::Tensor gradient_;
};

Flatness measure_flatness(const Head& head, const Objective& objective, const FlatnessRows& rows,
                          const FlatnessOptions& options);

/// A K x K grid over the plane of two random directions, both filter-normalised (Li et al., 2018):
/// each unit's row of weights has the norm of the row it is added to; biases and BatchNorm's
/// weights stay. Steps run from -1 to 1 of these directions; for odd K the centre is the minimum
/// itself.
struct LossSurface {
  std::vector<double> steps;   ///< [K]
  std::vector<double> losses;  ///< [K, K] row-major: first direction, second direction
};
LossSurface loss_surface(const Head& head, const Objective& objective, const FlatnessRows& rows,
                         std::int64_t points, std::uint64_t seed);

/// A direction [P] as above, for `head`'s weights. Zero where it does not move them.
at::Tensor filter_normalised(const Head& head, const at::Tensor& direction);

/// "first,second,loss", a line a point.
std::string to_csv(const LossSurface& surface);

}  // namespace mien
