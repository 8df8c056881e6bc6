#include <algorithm>
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
  std::uint8_t column, from, to, truth;  ///< classes, column 0; or output, 0 or 1
};

struct Best {
  double share, score;
};

/// Counts of classes (one macro F1) or of binary outputs (the mean of those that count).
class Counts {
 public:
  explicit Counts(const BlendRows& rows)
      : by_class_(rows.task.is_classes()),
        classes_(by_class_ ? score_columns(rows.task) : 0),
        in_mean_(rows.in_mean),
        right_(score_columns(rows.task)),
        sums_(score_columns(rows.task)) {
    if (in_mean_.empty()) in_mean_.assign(right_.size(), true);
  }

  void add(std::size_t column, std::size_t truth, std::size_t answer) {
    if (by_class_) return classes_.add(truth, answer);
    sums_[column] += static_cast<std::int64_t>(truth + answer);
    right_[column] += static_cast<std::int64_t>(truth * answer);
  }

  void move(const Event& e) {
    if (by_class_) return classes_.move(e.truth, e.from, e.to);
    const std::int64_t step = e.to - e.from;
    sums_[e.column] += step;
    right_[e.column] += step * e.truth;
  }

  double value() const {
    if (by_class_) return classes_.value();
    double sum = 0;
    std::int64_t count = 0;
    for (std::size_t u = 0; u < right_.size(); ++u) {
      if (!in_mean_[u]) continue;
      sum += f1_from(right_[u], sums_[u]);
      ++count;
    }
    return count == 0 ? 0 : sum / static_cast<double>(count);
  }

 private:
  bool by_class_;
  RunningMacroF1 classes_;
  std::vector<bool> in_mean_;
  std::vector<std::int64_t> right_, sums_;
};

/// One row of classes: the upper envelope of their lines over [0, 1]; `slope` is scratch [C].
void add_class_events(const float* a, const float* b, std::uint8_t truth, std::span<double> slope,
                      Counts& counts, std::vector<Event>& events) {
  for (std::size_t c = 0; c < slope.size(); ++c) slope[c] = double{b[c]} - double{a[c]};
  std::size_t top = 0;
  for (std::size_t c = 1; c < slope.size(); ++c) {
    if (a[c] > a[top]) top = c;
  }
  counts.add(0, truth, top);
  double share = 0;
  for (std::size_t step = 0; step < slope.size(); ++step) {
    double next = 2;
    std::size_t above = top;
    for (std::size_t c = 0; c < slope.size(); ++c) {
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
  for (std::size_t u = 0; u < thresholds.size(); ++u) {
    if (!is_known(truth[u])) continue;
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
  Counts counts(rows);
  std::vector<double> slope(columns);
  std::vector<Event> events;
  for (std::size_t i = 0; i * columns < a.size(); ++i) {
    const double* truth = rows.truth.data() + i * wide;
    if (rows.task.is_classes()) {
      add_class_events(&a[i * columns], &b[i * columns], static_cast<std::uint8_t>(*truth), slope,
                       counts, events);
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

double mean_ccc_at(const BlendRows& rows, const std::vector<float>& a, const std::vector<float>& b,
                   double share) {
  const std::size_t columns = score_columns(rows.task);
  const auto [low, high] = rows.task.range();
  std::vector<Concordance> moments(columns);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!is_known(rows.truth[i])) continue;
    const double value = (1 - share) * double{a[i]} + share * double{b[i]};
    moments[i % columns].add(rows.truth[i], std::clamp(value, low, high));
  }
  return mean_ccc(moments, PartlyKnown::kMaskValue);
}

Best golden_line(const BlendRows& rows, const std::vector<float>& a, const std::vector<float>& b,
                 double present, const SearchOptions& options) {
  constexpr double kGolden = 0.6180339887498949;
  const auto score = [&](double share) { return mean_ccc_at(rows, a, b, share); };
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
  return rows.task.is_continuous() ? golden_line(rows, a, b, present, options)
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
  if (rows.task.is_binary() && rows.levels.empty())
    rows.levels.assign(score_columns(rows.task), 0.5);
  if (!rows.task.is_classes() || rows.levels.empty()) return rows;
  const double largest = std::ranges::max(rows.levels);
  for (auto& run : rows.runs) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      run[i] *= static_cast<float>(std::exp(rows.levels[i % rows.levels.size()] - largest));
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
