#include "mien/flatness/flatness.h"

#include <ATen/ops/dot.h>

#include <cmath>

#include "draws.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// Each part of a measurement draws from a seed of its own.
enum Stream : std::uint64_t { kDirections = 1, kStart = 2, kProbes = 3 };

std::uint64_t seed_of(const FlatnessOptions& options, Stream stream) {
  return options.seed * 16 + stream;
}

/// Loss at `rho` from the weights along `direction` minus `loss`; 0 along nothing.
double rise(LossAt& loss_at, double loss, const at::Tensor& weights, const at::Tensor& direction,
            double rho) {
  const double norm = std::sqrt(at::dot(direction, direction).item<double>());
  if (norm == 0) return 0;
  return loss_at(weights.add(direction, rho / norm)) - loss;
}

}  // namespace

Flatness measure_flatness(const Head& head, const Objective& objective, const FlatnessRows& rows,
                          const FlatnessOptions& options) {
  const at::Tensor& weights = head.parameters();
  LossAt loss_at(head, objective, rows);
  const LossDerivatives derivatives(head, objective, rows);
  const at::Tensor& gradient = derivatives.gradient();
  Flatness flatness;
  flatness.loss = loss_at(weights);
  flatness.gradient_norm = std::sqrt(at::dot(gradient, gradient).item<double>());
  flatness.ascent = rise(loss_at, flatness.loss, weights, gradient, options.rho);

  Draws draws(seed_of(options, kDirections));
  std::vector<double> rises;
  for (std::int64_t i = 0; i < options.directions; ++i) {
    throw_if_interrupted("nothing was written yet");
    rises.push_back(rise(loss_at, flatness.loss, weights, draws.normal(weights), options.rho));
  }
  flatness.random = mean_of(rises);

  const auto product = [&](const at::Tensor& v) { return derivatives.hessian_product(v); };
  log::info(concat("largest Hessian eigenvalue: up to ", options.products, " products"));
  flatness.top = largest_eigenvalue(product, Draws(seed_of(options, kStart)).normal(weights),
                                    options.products);
  log::info(concat("Hessian trace: ", options.probes, " products"));
  flatness.trace = trace_estimate(product, weights, options.probes, seed_of(options, kProbes));
  return flatness;
}

}  // namespace mien
