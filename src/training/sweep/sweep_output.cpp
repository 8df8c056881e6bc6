// A sweep's table as JSON, as CSV and for people.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/training/sweep_table.h"

namespace mien {
namespace {

using nlohmann::json;

json spread_json(const std::optional<Spread>& spread) {
  if (!spread) return nullptr;
  return {{"mean", spread->mean},
          {"low", number_or_null(spread->low)},
          {"high", number_or_null(spread->high)},
          {"deviation", number_or_null(spread->deviation)}};
}

json values_json(const std::vector<std::string>& keys, const std::vector<std::string>& values) {
  json object = json::object();
  for (std::size_t i = 0; i < keys.size(); ++i) object[keys[i]] = values[i];
  return object;
}

const char* status_name(SweepStatus status) {
  switch (status) {
    case SweepStatus::kMissing:
      return "missing";
    case SweepStatus::kUnfinished:
      return "unfinished";
    case SweepStatus::kFinished:
      return "finished";
    case SweepStatus::kFailed:
      return "failed";
  }
  return "";
}

json line_json(const SweepTable& table, const SweepLine& line) {
  json entry = {{"run", line.run},
                {"values", values_json(table.axes, line.values)},
                {"status", status_name(line.outcome.status)}};
  if (line.outcome.status == SweepStatus::kFinished) {
    entry["value"] = shown_value(table.select, line.outcome.value);
    entry["best"] = line.outcome.best;
    entry["train_seconds"] = line.outcome.train_seconds;
  }
  if (!line.outcome.failure.empty()) entry["failure"] = line.outcome.failure;
  return entry;
}

std::string csv_number(const std::optional<double>& value) {
  return value ? shortest(*value) : "";
}

std::vector<std::string> metric_names(const SweepTable& table) {
  std::set<std::string> names;
  for (const SweepRow& row : table.rows) {
    for (const auto& [name, value] : row.metrics) names.insert(name);
  }
  return {names.begin(), names.end()};
}

/// "0.4821 [0.4712, 0.4930]"
std::string spread_text(const std::optional<Spread>& spread) {
  if (!spread) return "-";
  std::string text = fixed(spread->mean, 4);
  if (spread->low) text += " [" + fixed(*spread->low, 4) + ", " + fixed(*spread->high, 4) + "]";
  return text;
}

/// Columns of equal width, two blanks between them.
std::string aligned(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t c = 0; c < line.size(); ++c) {
      row += line[c] + std::string(widths[c] + 2 - line[c].size(), ' ');
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace

json to_json(const SweepTable& table) {
  json rows = json::array(), lines = json::array();
  for (const SweepRow& row : table.rows) {
    rows.push_back({{"values", values_json(table.keys, row.values)},
                    {"runs", row.runs},
                    {"finished", row.finished},
                    {"failed", row.failed},
                    {"value", spread_json(row.value)},
                    {"best_run", row.best_run.empty() ? json() : json(row.best_run)},
                    {"best_value", row.best_run.empty() ? json() : json(row.best_value)},
                    {"difference", spread_json(row.difference)},
                    {"metrics", row.metrics}});
  }
  for (const SweepLine& line : table.lines) lines.push_back(line_json(table, line));
  return {{"sweep", table.sweep.string()},
          {"select", table.select},
          {"complete", table.complete()},
          {"finished", table.finished},
          {"failed", table.failed},
          {"baseline", values_json(table.keys, table.baseline)},
          {"rows", rows},
          {"runs", lines}};
}

std::string to_csv(const SweepTable& table) {
  const std::vector<std::string> metrics = metric_names(table);
  std::string text;
  for (const std::string& key : table.keys) text += csv_field(key) + ",";
  text +=
      "runs,finished,failed,mean,low,high,deviation,best_run,best_value,difference,"
      "difference_low,difference_high";
  for (const std::string& metric : metrics) text += "," + metric;
  text += "\n";
  for (const SweepRow& row : table.rows) {
    const Spread value = row.value.value_or(Spread()),
                 difference = row.difference.value_or(Spread());
    for (const std::string& cell : row.values) text += csv_field(cell) + ",";
    text += concat(row.runs, ",", row.finished, ",", row.failed, ",",
                   row.value ? shortest(value.mean) : "", ",", csv_number(value.low), ",",
                   csv_number(value.high), ",", csv_number(value.deviation), ",",
                   csv_field(row.best_run), ",", row.value ? shortest(row.best_value) : "", ",",
                   row.difference ? shortest(difference.mean) : "", ",", csv_number(difference.low),
                   ",", csv_number(difference.high));
    for (const std::string& metric : metrics) {
      const auto found = row.metrics.find(metric);
      text += "," + (found == row.metrics.end() ? "" : shortest(found->second));
    }
    text += "\n";
  }
  return text;
}

std::string to_text(const SweepTable& table) {
  std::vector<std::vector<std::string>> lines(1, table.labels);
  for (const char* title : {"runs", "", "difference", "best run"}) lines[0].emplace_back(title);
  lines[0][table.labels.size() + 1] = table.select + " [95 %]";
  for (const SweepRow& row : table.rows) {
    std::vector<std::string> line = row.values;
    line.push_back(concat(row.finished, row.finished < row.runs ? concat(" of ", row.runs) : "",
                          row.failed > 0 ? concat(", ", row.failed, " failed") : ""));
    line.push_back(spread_text(row.value));
    line.push_back(row.values == table.baseline ? "(from here)" : spread_text(row.difference));
    line.push_back(row.best_run.empty() ? "-"
                                        : row.best_run + " (" + fixed(row.best_value, 4) + ")");
    lines.push_back(std::move(line));
  }
  std::string text = aligned(lines);
  if (!table.complete()) {
    text += concat(table.finished + table.failed, " of ", table.runs, " runs are through\n");
  }
  return text + "sweep: " + table.sweep.string() + "\n";
}

}  // namespace mien
