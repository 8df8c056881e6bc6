#include "mien/evaluation/report.h"

#include <nlohmann/json.hpp>

#include "mien/data/labels.h"
#include "parts.h"

namespace mien {
namespace {

using nlohmann::json;

/// {name: member(part)} of every part.
template <class Member>
json by_name(const TaskResult& result, Member member) {
  json out = json::object();
  for (const PartResult& part : result.parts) out[part.name] = member(part);
  return out;
}

json scores_by_name(const TaskResult& result) {
  return by_name(result, [](const PartResult& part) { return part.score.value; });
}

json confusion_json(const Confusion& confusion) {
  json rows = json::array();
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    json row = json::array();
    for (std::size_t c = 0; c < confusion.classes(); ++c) row.push_back(confusion.count(truth, c));
    rows.push_back(row);
  }
  return rows;
}

json task_json(const TaskResult& result) {
  const bool is_va = result.task == Task::kVa;
  json out = {{is_va ? "ccc" : "f1", result.score.value},
              {"ci95", interval_json(result.score.interval)},
              {"frames", result.frames},
              {"videos", result.videos},
              {"missing_frames", result.missing_frames},
              {"filled_frames", result.filled_frames},
              {"missing_videos", result.missing_videos},
              {"ignored_frames", result.ignored_frames},
              {"undefined", undefined_parts(result)}};
  const json intervals =
      by_name(result, [](const PartResult& part) { return interval_json(part.score.interval); });
  const json support = by_name(result, [](const PartResult& part) { return json(part.support); });
  if (is_va) {
    for (const PartResult& part : result.parts) out[part.name] = part.score.value;
    out["dimensions_ci95"] = intervals;
    add_diagnostics(result, out);
    return out;
  }
  const std::string parts = result.task == Task::kAu ? "per_au" : "per_class";
  out[parts] = scores_by_name(result);
  out[parts + "_ci95"] = intervals;
  out["support"] = support;
  if (result.baseline) {
    out["baseline"] = {{"kind", "majority"},
                       {"f1", result.baseline->f1},
                       {"from", result.baseline->from},
                       {"answers", result.baseline->answers}};
  }
  if (result.task == Task::kAu) {
    out["policy"] = result.au_policy == AuPolicy::kDropFrame ? "drop_frame" : "mask_value";
  } else {
    out["accuracy"] = result.accuracy;
    out["confusion"] = confusion_json(result.confusion);
  }
  add_diagnostics(result, out);
  return out;
}

}  // namespace

json interval_json(const std::optional<Interval>& interval) {
  return interval ? json::array({interval->low, interval->high}) : json(nullptr);
}

std::vector<std::string> undefined_parts(const TaskResult& result) {
  std::vector<std::string> names;
  for (const PartResult& part : result.parts) {
    if (!part.defined) names.push_back(part.name);
  }
  return names;
}

std::int64_t EvaluationReport::missing_frames() const {
  std::int64_t sum = 0;
  for (const auto& [task, result] : tasks) sum += result.missing_frames;
  return sum;
}

std::optional<double> EvaluationReport::multitask_p() const {
  if (!tasks.contains(Task::kExpr) || !tasks.contains(Task::kAu) || !tasks.contains(Task::kVa)) {
    return std::nullopt;
  }
  return tasks.at(Task::kVa).score.value + tasks.at(Task::kExpr).score.value +
         tasks.at(Task::kAu).score.value;
}

json to_json(const EvaluationReport& report) {
  json tasks = json::object();
  for (const auto& [task, result] : report.tasks) tasks[task_name(task)] = task_json(result);
  for (const auto& [task, table] : report.robustness) {
    tasks[task_name(task)]["robustness"] = robustness_json(table);
  }
  if (const auto p = report.multitask_p()) tasks["mtl"] = {{"p", *p}};
  json out = {{"split", split_name(report.split)},
              {"decisions", json::parse(report.decisions)},
              {"in_sample", report.in_sample},
              {"tasks", tasks},
              {"missing_frames", report.missing_frames()},
              {"scoring_seconds", report.scoring_seconds}};
  if (!report.weights_sha256.empty()) out["weights_sha256"] = report.weights_sha256;
  return out;
}

}  // namespace mien
