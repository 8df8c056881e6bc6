#include "mien/scoring/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "mien/core/interrupt.h"

namespace mien {
namespace {

constexpr double kTwoSided95 = 1.959963984540054;  // Phi^-1(.975)

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// By bisection, to the last digit; `p` is inside (0, 1).
double normal_quantile(double p) {
  double low = -40, high = 40;
  for (int step = 0; step < 100; ++step) {
    const double middle = 0.5 * (low + high);
    (normal_cdf(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double quantile(std::span<const double> sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - static_cast<double>(below));
}

}  // namespace

std::vector<std::vector<std::int32_t>> bootstrap_multiplicities(std::size_t videos,
                                                                const BootstrapOptions& options) {
  // The standard fixes this engine's numbers, but not those of its distributions.
  std::mt19937_64 engine(options.seed);
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, options.draws));
  std::vector<std::vector<std::int32_t>> draws(count, std::vector<std::int32_t>(videos));
  for (auto& draw : draws) {
    for (std::size_t i = 0; i < videos; ++i) ++draw[((engine() >> 32) * videos) >> 32];
  }
  return draws;
}

std::optional<Interval> bias_corrected_interval(double estimate, std::vector<double> draws) {
  const auto untold = std::erase_if(draws, [](double draw) { return std::isnan(draw); });
  if (draws.empty() || std::isnan(estimate)) return std::nullopt;
  std::ranges::sort(draws);
  if (untold > 0 && draws.front() == draws.back()) return std::nullopt;
  const auto [first_equal, after_equal] = std::ranges::equal_range(draws, estimate);
  const double below = static_cast<double>(first_equal - draws.begin());
  const double equal = static_cast<double>(after_equal - first_equal);
  const double half_a_draw = 0.5 / static_cast<double>(draws.size());
  const double share = std::clamp((below + 0.5 * equal) / static_cast<double>(draws.size()),
                                  half_a_draw, 1 - half_a_draw);
  const double z0 = normal_quantile(share);
  return Interval{quantile(draws, normal_cdf(2 * z0 - kTwoSided95)),
                  quantile(draws, normal_cdf(2 * z0 + kTwoSided95))};
}

Estimate BootstrapSample::estimate(std::size_t number) const {
  return {values.at(number), bias_corrected_interval(values[number], draws[number])};
}

std::optional<double> BootstrapSample::probability_positive(std::size_t number) const {
  std::vector<double> drawn = draws.at(number);
  std::erase_if(drawn, [](double draw) { return std::isnan(draw); });
  if (drawn.empty()) return std::nullopt;
  double positive = 0;
  for (const double value : drawn) positive += value > 0 ? 1 : value == 0 ? .5 : 0;
  return positive / static_cast<double>(drawn.size());
}

BootstrapSample bootstrap_sample(std::size_t videos, const Statistics& statistics,
                                 const BootstrapOptions& options) {
  BootstrapSample sample{statistics(std::vector<std::int32_t>(videos, 1)), {}};
  sample.draws.resize(sample.values.size());
  for (const auto& multiplicities : bootstrap_multiplicities(videos, options)) {
    throw_if_interrupted("nothing was changed");
    const std::vector<double> row = statistics(multiplicities);
    for (std::size_t i = 0; i < row.size(); ++i) sample.draws.at(i).push_back(row[i]);
  }
  return sample;
}

std::vector<Estimate> bootstrap(std::size_t videos, const Statistics& statistics,
                                const BootstrapOptions& options) {
  const BootstrapSample sample = bootstrap_sample(videos, statistics, options);
  std::vector<Estimate> estimates;
  for (std::size_t i = 0; i < sample.values.size(); ++i) estimates.push_back(sample.estimate(i));
  return estimates;
}

}  // namespace mien
