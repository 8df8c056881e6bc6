#include "mien/objective/cvar.h"

#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mien {

at::Tensor cvar(const at::Tensor& losses, const at::Tensor& valid, std::int64_t valid_count,
                double alpha) {
  const at::Tensor flat = losses.reshape({-1});
  if (valid_count == 0) return at::zeros({}, flat.options());
  const double m = alpha * static_cast<double>(valid_count);
  const auto whole = std::min(valid_count, static_cast<std::int64_t>(std::floor(m)));
  if (whole == valid_count && !valid.defined()) return flat.mean();
  const std::int64_t tail = std::min(valid_count, whole + 1);

  // Losses that are not valid can never be among the `tail` largest valid ones.
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const at::Tensor masked = valid.defined() ? at::where(valid.reshape({-1}), flat, kNever) : flat;
  const at::Tensor largest = std::get<0>(masked.topk(tail));
  if (tail == whole) return largest.sum().div(m);
  const at::Tensor full = largest.narrow(0, 0, whole).sum();
  return full.add(largest.select(0, whole), m - static_cast<double>(whole)).div(m);
}

}  // namespace mien
