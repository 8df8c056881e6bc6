#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "mien/scoring/concordance.h"
#include "mien/tuning/search.h"
#include "running_f1.h"

namespace mien {
namespace {

/// Between two mixtures, (1 - share) a + share b: what one row decides as the share grows.
struct Event {
  double share;
  std::uint8_t column, from, to, truth;  ///< EXPR: classes, column 0; AU: column, 0 or 1
};

struct Best {
  double share, score;
};

/// Counts of EXPR (one macro F1) or AU (mean of 12).
class Counts {
 public:
  explicit Counts(Task task) : task_(task) {}

  void add(std::size_t column, std::size_t truth, std::size_t answer) {
    if (task_ == Task::kExpr) return classes_.add(truth, answer);
    sums_[column] += static_cast<std::int64_t>(truth + answer);
    right_[column] += static_cast<std::int64_t>(truth * answer);
  }

  void move(const Event& e) {
    if (task_ == Task::kExpr) return classes_.move(e.truth, e.from, e.to);
    const std::int64_t step = e.to - e.from;
    sums_[e.column] += step;
    right_[e.column] += step * e.truth;
  }

  double value() const {
    if (task_ == Task::kExpr) return classes_.value();
    double sum = 0;
    for (std::size_t u = 0; u < kActionUnits; ++u) sum += f1_from(right_[u], sums_[u]);
    return sum / static_cast<double>(kActionUnits);
  }

 private:
  Task task_;
  RunningMacroF1 classes_;
  std::array<std::int64_t, kActionUnits> right_{}, sums_{};
};

/// One EXPR row: the upper envelope of 8 lines over [0, 1].
void add_class_events(const float* a, const float* b, std::uint8_t truth, Counts& counts,
                      std::vector<Event>& events) {
  std::array<double, kExpressions> slope{};
  for (std::size_t c = 0; c < kExpressions; ++c) slope[c] = double{b[c]} - double{a[c]};
  std::size_t top = 0;
  for (std::size_t c = 1; c < kExpressions; ++c) {
    if (a[c] > a[top]) top = c;
  }
  counts.add(0, truth, top);
  double share = 0;
  for (std::size_t step = 0; step < kExpressions; ++step) {
    double next = 2;
    std::size_t above = top;
    for (std::size_t c = 0; c < kExpressions; ++c) {
      if (slope[c] <= slope[top]) continue;
      const double crossing = (double{a[top]} - double{a[c]}) / (slope[c] - slope[top]);
      if (crossing >= share && (crossing < next || (crossing == next && slope[c] > slope[above]))) {
        next = crossing;
        above = c;
      }
    }
    if (next >= 1) return;
    events.push_back(
        {next, 0, static_cast<std::uint8_t>(top), static_cast<std::uint8_t>(above), truth});
    share = next;
    top = above;
  }
}

void add_unit_events(const float* a, const float* b, const double* truth,
                     std::span<const double> thresholds, Counts& counts,
                     std::vector<Event>& events) {
  for (std::size_t u = 0; u < kActionUnits; ++u) {
    const double from = double{a[u]} - thresholds[u], to = double{b[u]} - thresholds[u];
    const auto label = static_cast<std::uint8_t>(truth[u] > 0);
    const bool at_start = from >= 0, at_end = to >= 0;
    counts.add(u, label, at_start ? 1 : 0);
    if (at_start == at_end) continue;
    events.push_back({from / (from - to), static_cast<std::uint8_t>(u), at_start, at_end, label});
  }
}

/// The share of `b` with the largest F1; `present` unless that gains.
Best exact_line(const BlendRows& rows, const std::vector<float>& a, const std::vector<float>& b,
                double present, const SearchOptions& options) {
  const std::size_t columns = score_columns(rows.task), wide = label_columns(rows.task);
  Counts counts(rows.task);
  std::vector<Event> events;
  for (std::size_t i = 0; i * columns < a.size(); ++i) {
    const double* truth = rows.truth.data() + i * wide;
    if (rows.task == Task::kExpr) {
      add_class_events(&a[i * columns], &b[i * columns], static_cast<std::uint8_t>(*truth), counts,
                       events);
    } else {
      add_unit_events(&a[i * columns], &b[i * columns], truth, rows.levels, counts, events);
    }
  }
  std::ranges::stable_sort(events, {}, &Event::share);
  Best best{0, counts.value()};
  double now = best.score;
  for (std::size_t i = 0; i < events.size();) {
    const double share = events[i].share;
    for (; i < events.size() && events[i].share == share; ++i) counts.move(events[i]);
    if (share <= present) now = counts.value();
    const double next = i < events.size() ? events[i].share : 1.0;
    const double middle = i < events.size() ? share + 0.5 * (next - share) : 1.0;
    if (counts.value() > best.score) best = {middle, counts.value()};
  }
  return best.score > now + options.min_gain ? best : Best{present, now};
}

double mean_ccc(const BlendRows& rows, const std::vector<float>& a, const std::vector<float>& b,
                double share) {
  std::array<Concordance, 2> moments;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double value = (1 - share) * double{a[i]} + share * double{b[i]};
    moments[i % 2].add(rows.truth[i], std::clamp(value, -1.0, 1.0));
  }
  return (moments[0].ccc() + moments[1].ccc()) / 2;
}

Best golden_line(const BlendRows& rows, const std::vector<float>& a, const std::vector<float>& b,
                 double present, const SearchOptions& options) {
  constexpr double kGolden = 0.6180339887498949;
  const auto score = [&](double share) { return mean_ccc(rows, a, b, share); };
  double low = 0, high = 1;
  double left = high - kGolden * (high - low), right = low + kGolden * (high - low);
  double at_left = score(left), at_right = score(right);
  while (high - low > 1e-3) {
    if (at_left >= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - kGolden * (high - low);
      at_left = score(left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + kGolden * (high - low);
      at_right = score(right);
    }
  }
  Best best{0.5 * (low + high), score(0.5 * (low + high))};
  for (const double end : {0.0, 1.0}) {
    const double at_end = score(end);
    if (at_end >= best.score) best = {end, at_end};
  }
  const double now = score(present);
  return best.score > now + options.min_gain ? best : Best{present, now};
}

Best best_share(const BlendRows& rows, const std::vector<float>& a, const std::vector<float>& b,
                double present, const SearchOptions& options) {
  return rows.task == Task::kVa ? golden_line(rows, a, b, present, options)
                                : exact_line(rows, a, b, present, options);
}

/// `weights` sum to 1.
std::vector<float> mixture(const BlendRows& rows, const std::vector<double>& weights) {
  std::vector<float> out(rows.runs.front().size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    double value = 0;
    for (std::size_t r = 0; r < weights.size(); ++r) {
      if (weights[r] > 0) value += weights[r] * double{rows.runs[r][i]};
    }
    out[i] = static_cast<float>(value);
  }
  return out;
}

/// The others' weights where `run` has `share`; evenly where they are all 0.
std::vector<double> moved(std::vector<double> weights, std::size_t run, double share) {
  const double others = std::accumulate(weights.begin(), weights.end(), 0.0) - weights[run];
  for (std::size_t r = 0; r < weights.size(); ++r) {
    if (r == run) continue;
    weights[r] = others > 0 ? weights[r] / others * (1 - share)
                            : (1 - share) / static_cast<double>(weights.size() - 1);
  }
  weights[run] = share;
  return weights;
}

/// Shares below a thousandth are not worth a run.
std::vector<double> without_crumbs(std::vector<double> weights) {
  for (double& weight : weights) weight = weight < 1e-3 ? 0 : weight;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// Biases as factors of the probabilities, thresholds spelt out.
BlendRows levelled(BlendRows rows) {
  if (rows.task == Task::kAu && rows.levels.empty()) rows.levels.assign(kActionUnits, 0.5);
  if (rows.task != Task::kExpr || rows.levels.empty()) return rows;
  const double largest = std::ranges::max(rows.levels);
  for (auto& run : rows.runs) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      run[i] *= static_cast<float>(std::exp(rows.levels[i % kExpressions] - largest));
    }
  }
  return rows;
}

double score_of(const BlendRows& rows, const std::vector<double>& weights) {
  const std::vector<float> mixed = mixture(rows, weights);
  return best_share(rows, mixed, mixed, 0, {}).score;
}

}  // namespace

std::vector<double> fit_blend(const BlendRows& given, const SearchOptions& options) {
  const BlendRows rows = levelled(given);
  const std::size_t count = rows.runs.size();
  std::vector<std::vector<double>> starts;
  for (std::size_t r = 0; r < count; ++r) {
    starts.emplace_back(count)[r] = 1;
  }
  starts.emplace_back(count, 1.0 / static_cast<double>(count));
  if (!rows.start.empty()) starts.push_back(rows.start);
  std::vector<double> weights = starts.front();
  double best = score_of(rows, weights);
  for (const auto& start : starts) {
    const double score = score_of(rows, start);
    if (score <= best + options.min_gain) continue;
    best = score;
    weights = start;
  }
  for (int pass = 0; pass < options.passes && count > 1; ++pass) {
    bool gained = false;
    for (std::size_t r = 0; r < count; ++r) {
      const Best found =
          best_share(rows, mixture(rows, moved(weights, r, 0)), rows.runs[r], weights[r], options);
      if (found.share == weights[r]) continue;
      weights = moved(weights, r, found.share);
      gained = true;
    }
    if (!gained) break;
  }
  return without_crumbs(std::move(weights));
}

}  // namespace mien
