#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mien/tuning/search.h"
#include "running_f1.h"

namespace mien {
namespace {

struct Scored {
  float score;
  std::uint8_t truth;
};

}  // namespace

Threshold best_threshold(std::span<const float> scores, std::span<const std::uint8_t> truth,
                         const SearchOptions& options) {
  if (scores.size() != truth.size()) throw std::logic_error("best_threshold: shapes disagree");
  constexpr double kPresent = 0.5;
  std::vector<Scored> rows(scores.size());
  std::int64_t labelled = 0, answered = 0, tp = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {scores[i], truth[i]};
    labelled += truth[i];
    answered += static_cast<double>(scores[i]) >= kPresent;
    tp += static_cast<double>(scores[i]) >= kPresent && truth[i] != 0;
  }
  std::ranges::sort(rows, std::ranges::greater(), &Scored::score);
  Threshold best{kPresent, f1_from(tp, labelled + answered)};
  double best_f1 = best.f1 + options.min_gain;
  tp = 0;
  for (std::size_t i = 0; i < rows.size();) {
    const float score = rows[i].score;
    for (; i < rows.size() && rows[i].score == score; ++i) tp += rows[i].truth;
    const double f1 = f1_from(tp, labelled + static_cast<std::int64_t>(i));
    if (f1 < best_f1) continue;
    const double below = i < rows.size() ? static_cast<double>(rows[i].score) : 0.0;
    const double value = below + 0.5 * (static_cast<double>(score) - below);
    const bool nearer = std::abs(value - kPresent) < std::abs(best.value - kPresent);
    if (f1 > best_f1 || (best.value != kPresent && nearer)) best = {value, f1};
    best_f1 = std::max(best_f1, f1);
  }
  return best;
}

}  // namespace mien
