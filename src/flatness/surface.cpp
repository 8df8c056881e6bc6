#include <ATen/ops/zeros_like.h>

#include "draws.h"
#include "mien/core/interrupt.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/flatness/flatness.h"

namespace mien {
namespace {

constexpr double kReach = 1;          ///< of a filter-normalised direction, to either side
constexpr double kTiny = 1e-10;       ///< keeps a unit without weights still
constexpr std::uint64_t kStream = 4;  ///< of the seed, beside those of flatness.cpp

/// Rows of `out` are those of `direction` at the norms of the rows of `weight`.
void normalise_rows(const at::Tensor& out, const at::Tensor& direction, const at::Tensor& weight) {
  const at::Tensor own = direction.norm(2, 1, /*keepdim=*/true).add(kTiny);
  out.copy_(direction.mul(weight.norm(2, 1, /*keepdim=*/true).div(own)));
}

}  // namespace

at::Tensor filter_normalised(const Head& head, const at::Tensor& direction) {
  const at::Tensor flat = at::zeros_like(direction);
  const HeadLayers out(head.shape(), flat), from(head.shape(), direction);
  const HeadLayers& weights = head.layers();
  for (std::size_t i = 0; i < out.trunk.size(); ++i) {
    normalise_rows(out.trunk[i].weight, from.trunk[i].weight, weights.trunk[i].weight);
  }
  for (std::size_t t = 0; t < out.heads.size(); ++t) {
    normalise_rows(out.heads[t].weight, from.heads[t].weight, weights.heads[t].weight);
  }
  return flat;
}

LossSurface loss_surface(const Head& head, const Objective& objective, const FlatnessRows& rows,
                         std::int64_t points, std::uint64_t seed) {
  LossAt loss_at(head, objective, rows);
  Draws draws(seed * 16 + kStream);
  const at::Tensor& weights = head.parameters();
  const at::Tensor first = filter_normalised(head, draws.normal(weights));
  const at::Tensor second = filter_normalised(head, draws.normal(weights));
  LossSurface surface;
  for (std::int64_t i = 0; i < points; ++i) {
    surface.steps.push_back(kReach *
                            (2 * static_cast<double>(i) / static_cast<double>(points - 1) - 1));
  }
  Progress progress("loss surface", "points", points * points);
  for (const double a : surface.steps) {
    for (const double b : surface.steps) {
      throw_if_interrupted("nothing was written yet");
      surface.losses.push_back(loss_at(weights.add(first, a).add_(second, b)));
      progress.advance(1);
    }
  }
  return surface;
}

std::string to_csv(const LossSurface& surface) {
  std::string text = "first,second,loss\n";
  std::size_t at = 0;
  for (const double a : surface.steps) {
    for (const double b : surface.steps) {
      text += concat(shortest(a), ",", shortest(b), ",", shortest(surface.losses[at++]), "\n");
    }
  }
  return text;
}

}  // namespace mien
