#include "mien/training/sweep_table.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "mien/core/files.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr double kConfidence = .95;

/// One seed's run of a combination.
struct SeedValue {
  std::string seed;
  double value = 0;
  std::string run;
};

struct Group {
  SweepRow row;
  std::vector<SeedValue> finished;  ///< in the order of the seeds
  std::map<std::string, double> metric_sums;
};

std::vector<std::string> without_seed(const SweepPlan& plan, const std::vector<std::string>& all) {
  std::vector<std::string> kept;
  for (std::size_t a = 0; a < plan.axes.size(); ++a) {
    if (plan.axes[a].key != "seed") kept.push_back(all[a]);
  }
  return kept;
}

std::string seed_of(const SweepPlan& plan, const SweepRun& run) {
  for (std::size_t a = 0; a < plan.axes.size(); ++a) {
    if (plan.axes[a].key == "seed") return run.values[a];
  }
  return {};
}

void add_outcome(Group& group, const std::string& seed, const SweepRun& run,
                 const SweepOutcome& outcome) {
  ++group.row.runs;
  group.row.failed += outcome.status == SweepStatus::kFailed;
  if (outcome.status != SweepStatus::kFinished) return;
  ++group.row.finished;
  group.finished.push_back({seed, outcome.value, run.name});
  for (const auto& [name, value] : outcome.best) group.metric_sums[name] += value;
}

/// Seed by seed, when both have the same.
std::optional<Spread> difference_of(const Group& group, const Group& baseline) {
  std::vector<double> differences;
  if (group.finished.size() != baseline.finished.size()) return std::nullopt;
  for (std::size_t i = 0; i < group.finished.size(); ++i) {
    if (group.finished[i].seed != baseline.finished[i].seed) return std::nullopt;
    differences.push_back(group.finished[i].value - baseline.finished[i].value);
  }
  if (differences.empty()) return std::nullopt;
  return spread_of(differences);
}

/// What the finished runs of a combination amount to.
void summarise(Group& group) {
  if (group.finished.empty()) return;
  std::vector<double> values;
  const SeedValue* best = nullptr;
  for (const SeedValue& of_seed : group.finished) {
    values.push_back(of_seed.value);
    if (best == nullptr || of_seed.value > best->value) best = &of_seed;
  }
  group.row.value = spread_of(values);
  group.row.best_run = best->run;
  group.row.best_value = best->value;
  for (const auto& [name, sum] : group.metric_sums) {
    group.row.metrics[name] = sum / static_cast<double>(values.size());
  }
}

/// A loss is shown as what it is: the table holds its negative, so that larger is better.
void flip(Spread& spread) {
  spread.mean = -spread.mean;
  if (!spread.low) return;
  const double low = *spread.low;
  spread.low = -*spread.high;
  spread.high = -low;
}

bool is_better(const SweepRow& a, const SweepRow& b) {
  if (!a.value || !b.value) return a.value.has_value() && !b.value.has_value();
  return a.value->mean > b.value->mean;
}

}  // namespace

SweepOutcome outcome_of(const RunFolder& run) {
  SweepOutcome outcome;
  std::error_code ignored;
  if (!std::filesystem::exists(run.path(), ignored)) return outcome;
  outcome.status = SweepStatus::kUnfinished;
  if (!std::filesystem::exists(run.record(), ignored)) return outcome;
  const json record = json::parse(read_text(run.record()), nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return outcome;
  if (record.contains("failed") && record["failed"].is_string()) {
    outcome.status = SweepStatus::kFailed;
    outcome.failure = record["failed"].get<std::string>();
    return outcome;
  }
  if (!record.contains("finished") || !record.contains("best_value") || !record.contains("best") ||
      !record["best_value"].is_number() || !record["best"].is_object()) {
    return outcome;
  }
  outcome.status = SweepStatus::kFinished;
  outcome.value = record["best_value"].get<double>();
  outcome.train_seconds = record.value("train_seconds", 0.0);
  for (const auto& [name, value] : record["best"].items()) {
    if (value.is_number()) outcome.best[name] = value.get<double>();
  }
  return outcome;
}

double shown_value(const std::string& select, double value) {
  return select == "loss" ? -value : value;
}

Spread spread_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Spread spread{.mean = std::accumulate(values.begin(), values.end(), 0.) / n};
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (n - 1));
  const boost::math::students_t student(n - 1);
  const double half =
      boost::math::quantile(student, (1 + kConfidence) / 2) * *spread.deviation / std::sqrt(n);
  spread.low = spread.mean - half;
  spread.high = spread.mean + half;
  return spread;
}

SweepTable make_table(const SweepPlan& plan, const std::filesystem::path& out,
                      const std::vector<SweepFailure>& failures) {
  SweepTable table{.sweep = out, .select = plan.runs.front().configuration->options.select};
  std::vector<std::string> keys;
  for (const GridAxis& axis : plan.axes) keys.push_back(axis.key);
  table.axes = keys;
  table.keys = without_seed(plan, keys);
  table.labels = without_seed(plan, plan.labels);
  std::vector<Group> groups;
  for (const SweepRun& run : plan.runs) {
    const std::vector<std::string> values = without_seed(plan, run.values);
    auto group = std::ranges::find(groups, values, [](const Group& g) { return g.row.values; });
    if (group == groups.end()) {
      groups.push_back({.row = {.values = values}, .finished = {}, .metric_sums = {}});
      group = std::prev(groups.end());
    }
    SweepOutcome outcome = outcome_of(RunFolder(out / run.name));
    for (const SweepFailure& failure : failures) {
      if (failure.run != run.name) continue;
      outcome.status = SweepStatus::kFailed;
      outcome.failure = failure.reason;
    }
    table.lines.push_back({run.name, run.values, outcome});
    add_outcome(*group, seed_of(plan, run), run, outcome);
  }
  for (Group& group : groups) summarise(group);
  table.baseline = groups.front().row.values;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    groups[i].row.difference = difference_of(groups[i], groups.front());
  }
  for (Group& group : groups) {
    table.runs += group.row.runs;
    table.finished += group.row.finished;
    table.failed += group.row.failed;
    table.rows.push_back(std::move(group.row));
  }
  std::ranges::stable_sort(table.rows, is_better);
  if (table.select != "loss") return table;
  for (SweepRow& row : table.rows) {
    if (row.value) flip(*row.value);
    if (row.difference) flip(*row.difference);
    row.best_value = shown_value(table.select, row.best_value);
  }
  return table;
}

}  // namespace mien
