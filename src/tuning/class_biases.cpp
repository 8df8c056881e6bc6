#include <algorithm>
#include <array>
#include <stdexcept>

#include "mien/tuning/search.h"
#include "running_f1.h"

namespace mien {
namespace {

/// From this bias on (exclusive) the row is given to the class that is swept.
struct Breakpoint {
  double at;
  std::uint8_t other;  ///< the class that has it below
  std::uint8_t truth;
};

std::vector<Breakpoint> breakpoints_of(std::span<const double> log_p,
                                       std::span<const std::uint8_t> truth,
                                       std::span<const double> bias, std::size_t label) {
  std::vector<Breakpoint> out(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double* row = log_p.data() + i * bias.size();
    std::size_t other = label == 0 ? 1 : 0;
    for (std::size_t c = other + 1; c < bias.size(); ++c) {
      if (c != label && row[c] + bias[c] > row[other] + bias[other]) other = c;
    }
    out[i] = {row[other] + bias[other] - row[label], static_cast<std::uint8_t>(other), truth[i]};
  }
  std::ranges::sort(out, {}, &Breakpoint::at);
  return out;
}

/// The middle between breakpoint `index - 1` and `index`, a whole step beyond the outer ones.
double between(const std::vector<Breakpoint>& points, std::size_t index) {
  if (index == 0) return points.front().at - 1;
  if (index == points.size()) return points.back().at + 1;
  return points[index - 1].at + 0.5 * (points[index].at - points[index - 1].at);
}

}  // namespace

ClassBias best_class_bias(std::span<const double> log_p, std::span<const std::uint8_t> truth,
                          std::span<const double> bias, std::size_t label,
                          const SearchOptions& options) {
  if (log_p.size() != truth.size() * bias.size() || label >= bias.size()) {
    throw std::logic_error("best_class_bias: shapes disagree");
  }
  const double present = bias[label];
  if (truth.empty()) return {present, 0};
  const std::vector<Breakpoint> points = breakpoints_of(log_p, truth, bias, label);
  RunningMacroF1 counts(bias.size());
  for (const Breakpoint& point : points) counts.add(point.truth, point.other);
  // An exact tie goes to the lower class index, as the argmax does.
  const auto holds = [&](const Breakpoint& p) {
    return p.at < present || (p.at == present && label < p.other);
  };
  RunningMacroF1 now = counts;
  for (const Breakpoint& point : points) {
    if (holds(point)) now.move(point.truth, point.other, label);
  }
  ClassBias best{present, now.value()};
  double best_f1 = best.f1 + options.min_gain, best_distance = 0;
  const auto offer = [&](std::size_t index) {
    const double f1 = counts.value();
    if (f1 < best_f1) return;
    const double value = between(points, index);
    const double distance = value > present ? value - present : present - value;
    const bool better = f1 > best_f1 || (best.value != present && distance < best_distance);
    if (!better) return;
    best = {value, f1};
    best_f1 = f1;
    best_distance = distance;
  };
  offer(0);
  for (std::size_t i = 0; i < points.size();) {
    const double at = points[i].at;
    for (; i < points.size() && points[i].at == at; ++i) {
      counts.move(points[i].truth, points[i].other, label);
    }
    offer(i);
  }
  return best;
}

std::vector<double> fit_class_biases(std::span<const double> log_p,
                                     std::span<const std::uint8_t> truth, std::vector<double> start,
                                     const SearchOptions& options) {
  std::vector<double> bias = std::move(start);
  for (int pass = 0; pass < options.passes; ++pass) {
    bool moved = false;
    for (std::size_t c = 0; c < bias.size(); ++c) {
      const double found = best_class_bias(log_p, truth, bias, c, options).value;
      moved = moved || found != bias[c];
      bias[c] = found;
    }
    if (!moved) break;
  }
  return bias;
}

}  // namespace mien
