#include <nlohmann/json.hpp>

#include "mien/core/text.h"
#include "mien/evaluation/report.h"
#include "parts.h"

namespace mien {
namespace {

using nlohmann::json;

json row_json(const ComparedScore& score, const char* metric) {
  return {{metric, score.second.value},
          {"ci95", interval_json(score.second.interval)},
          {"difference", score.difference.value},
          {"difference_ci95", interval_json(score.difference.interval)},
          {"probability_worse",
           score.probability_better ? json(1 - *score.probability_better) : json(nullptr)}};
}

std::string row_text(const std::string& name, const ComparedScore& score) {
  return "  " + left(name, 19) + right(fixed(score.second.value, 4), 8) +
         right(interval_text(score.second.interval), 17) +
         right(concat(score.difference.value < 0 ? "" : "+", fixed(score.difference.value, 4)),
               10) +
         right(interval_text(score.difference.interval), 18) + "\n";
}

}  // namespace

json robustness_json(const RobustnessTable& table) {
  const char* metric = table.task.is_continuous() ? "ccc" : "f1";
  json rows = json::array();
  for (const RobustnessRow& row : table.rows) {
    json entry = row_json(row.score, metric);
    entry["corruption"] = row.corruption;
    rows.push_back(entry);
  }
  return {{"frames", table.frames},
          {"videos", table.videos},
          {"clean", {{metric, table.clean.value}, {"ci95", interval_json(table.clean.interval)}}},
          {"corruptions", rows},
          {"mean", row_json(table.mean, metric)}};
}

std::string robustness_text(const RobustnessTable& table) {
  const bool with_interval = table.clean.interval.has_value();
  std::string text = concat("  on corrupted images, over ", with_thousands(table.frames),
                            " frames of ", table.videos, " videos that all banks have\n");
  text += "  " + left("corruption", 19) + right(table.task.is_continuous() ? "CCC" : "F1", 8) +
          right(with_interval ? "95 %" : "", 17) + right("to clean", 10) +
          right(with_interval ? "95 %" : "", 18) + "\n";
  text += "  " + left("none", 19) + right(fixed(table.clean.value, 4), 8) +
          right(interval_text(table.clean.interval), 17) + "\n";
  for (const RobustnessRow& row : table.rows) text += row_text(row.corruption, row.score);
  return text + row_text(concat("mean of ", table.rows.size()), table.mean);
}

}  // namespace mien
