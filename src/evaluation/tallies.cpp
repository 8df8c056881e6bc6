#include "tallies.h"

#include <algorithm>
#include <cmath>

namespace mien {
namespace {

std::span<const double> row_at(const std::vector<double>& values, std::size_t index,
                               std::size_t columns) {
  return std::span(values).subspan(index * columns, columns);
}

PartResult& add_part(TaskResult& result, const char* name, bool defined, std::int64_t support,
                     std::int64_t answered) {
  result.parts.push_back({name, {}, defined, support, answered});
  return result.parts.back();
}

}  // namespace

void ExprTally::add(const AlignedVideo& video, AuPolicy) {
  for (std::size_t i = 0; i < video.truth.size(); ++i) {
    counts.add(static_cast<std::size_t>(video.truth[i]),
               static_cast<std::size_t>(video.prediction[i]));
  }
}

std::vector<double> ExprTally::statistics() const {
  std::vector<double> values = {counts.macro_f1()};
  for (std::size_t c = 0; c < kExpressions; ++c) values.push_back(counts.f1(c));
  return values;
}

void ExprTally::describe(TaskResult& result) const {
  for (std::size_t c = 0; c < kExpressions; ++c) {
    add_part(result, kExpressionNames[c], counts.f1_defined(c), counts.support(c),
             counts.predicted(c));
  }
  result.confusion = counts;
  result.accuracy = counts.accuracy();
}

double ExprTally::own_score() const {
  return counts.accuracy();
}

void AuTally::add(const AlignedVideo& video, AuPolicy policy) {
  const auto rows = static_cast<std::size_t>(video.frames);
  for (std::size_t i = 0; i < rows; ++i) {
    counts.add_row(row_at(video.truth, i, kActionUnits), row_at(video.prediction, i, kActionUnits),
                   policy);
  }
}

std::vector<double> AuTally::statistics() const {
  const auto per_au = counts.per_au();
  std::vector<double> values = {counts.mean_f1()};
  values.insert(values.end(), per_au.begin(), per_au.end());
  return values;
}

void AuTally::describe(TaskResult& result) const {
  for (std::size_t unit = 0; unit < kActionUnits; ++unit) {
    const BinaryCounts& count = counts.units[unit];
    add_part(result, kActionUnitNames[unit], count.f1_defined(), count.tp + count.fn,
             count.tp + count.fp);
  }
}

double AuTally::own_score() const {
  BinaryCounts together;
  for (const BinaryCounts& unit : counts.units) together.merge(unit);
  return together.f1_defined() ? together.f1() : 1.0;
}

void VaTally::add(const AlignedVideo& video, AuPolicy) {
  for (std::size_t i = 0; i < video.truth.size(); ++i) {
    moments[i % 2].add(video.truth[i], video.prediction[i]);
  }
}

void VaTally::merge(const VaTally& other, std::int64_t times) {
  for (std::size_t d = 0; d < 2; ++d) moments[d].merge(other.moments[d], times);
}

std::vector<double> VaTally::statistics() const {
  const double valence = moments[0].ccc(), arousal = moments[1].ccc();
  return {(valence + arousal) / 2, valence, arousal};
}

void VaTally::describe(TaskResult& result) const {
  for (std::size_t d = 0; d < 2; ++d) {
    add_part(result, d == 0 ? "valence" : "arousal", moments[d].defined(), moments[d].count(),
             moments[d].count());
  }
}

double VaTally::own_score() const {
  return std::sqrt((moments[0].mean_squared_error() + moments[1].mean_squared_error()) / 2);
}

Baseline majority_baseline(const Confusion& counts, const Prior& prior) {
  Prior shares = prior;
  if (shares.empty()) {
    for (std::size_t c = 0; c < kExpressions; ++c) {
      shares.push_back(static_cast<double>(counts.support(c)));
    }
  }
  const auto most = static_cast<std::size_t>(std::ranges::max_element(shares) - shares.begin());
  const double tp = static_cast<double>(counts.support(most));
  const double all = static_cast<double>(counts.total());
  const double f1 = tp == 0 ? 0.0 : 2 * tp / (tp + all) / static_cast<double>(kExpressions);
  return {f1, prior.empty() ? "evaluated" : "training", {kExpressionNames[most]}};
}

Baseline majority_baseline(const AuCounts& counts, const Prior& prior) {
  Baseline baseline{0, prior.empty() ? "evaluated" : "training", {}};
  for (std::size_t unit = 0; unit < kActionUnits; ++unit) {
    const BinaryCounts& count = counts.units[unit];
    const std::int64_t positive = count.tp + count.fn, all = count.total();
    const bool always_one = prior.empty() ? all > 0 && 2 * positive >= all : prior[unit] >= 0.5F;
    if (!always_one) continue;  // never 1: no true positive, F1 0
    baseline.answers.push_back(kActionUnitNames[unit]);
    if (positive == 0) continue;
    baseline.f1 += 2 * static_cast<double>(positive) / static_cast<double>(positive + all) /
                   static_cast<double>(kActionUnits);
  }
  return baseline;
}

}  // namespace mien
