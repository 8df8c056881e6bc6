#include "mien/evaluation/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/data/challenge.h"
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

json confusion_json(const Confusion& confusion) {
  json rows = json::array();
  for (std::size_t truth = 0; truth < confusion.classes(); ++truth) {
    json row = json::array();
    for (std::size_t c = 0; c < confusion.classes(); ++c) row.push_back(confusion.count(truth, c));
    rows.push_back(row);
  }
  return rows;
}

/// Names of the outputs that the mean leaves out.
std::vector<std::string> left_out(const TaskResult& result) {
  std::vector<std::string> names;
  for (const PartResult& part : result.parts) {
    if (!part.in_mean) names.push_back(part.name);
  }
  return names;
}

/// Scores of single outputs, null for those that the mean leaves out.
json scores_by_name(const TaskResult& result) {
  return by_name(result, [](const PartResult& part) {
    return part.in_mean ? json(part.score.value) : json(nullptr);
  });
}

void add_outputs(const TaskResult& result, json& out) {
  const std::string key = outputs_key(result.task);
  const json intervals =
      by_name(result, [](const PartResult& part) { return interval_json(part.score.interval); });
  if (key.empty()) {
    out.update(scores_by_name(result));
    out["dimensions_ci95"] = intervals;
  } else {
    out[key] = scores_by_name(result);
    out[key + "_ci95"] = intervals;
  }
}

void add_continuous(const TaskResult& result, json& out) {
  out["errors"] = by_name(result, [](const PartResult& part) {
    const ContinuousErrors errors = part.errors.value_or(ContinuousErrors());
    return json{{"pearson", errors.pearson}, {"mae", errors.mae}, {"rmse", errors.rmse}};
  });
}

void add_baseline(const Baseline& baseline, json& out) {
  out["baseline"] = {{"kind", "majority"},
                     {"f1", baseline.f1},
                     {"from", baseline.from},
                     {"answers", baseline.answers}};
}

json task_json(const TaskResult& result) {
  json out = {{metric_name(result.task), result.score.value},
              {"ci95", interval_json(result.score.interval)},
              {"frames", result.frames},
              {"videos", result.videos},
              {"missing_frames", result.missing_frames},
              {"filled_frames", result.filled_frames},
              {"missing_videos", result.missing_videos},
              {"ignored_frames", result.ignored_frames},
              {"undefined", undefined_parts(result)}};
  if (result.groups > 0) out["groups"] = result.groups;
  add_outputs(result, out);
  if (result.partly_known == PartlyKnown::kMaskValue && !result.task.is_classes()) {
    out["left_out"] = left_out(result);
    out["known"] = by_name(result, [](const PartResult& part) { return json(part.known); });
  }
  if (result.task.is_continuous()) {
    add_continuous(result, out);
  } else {
    out["support"] = by_name(result, [](const PartResult& part) { return json(part.support); });
  }
  if (result.baseline) add_baseline(*result.baseline, out);
  if (result.task.is_binary()) {
    out["policy"] = result.partly_known == PartlyKnown::kDropRow ? "drop_frame" : "mask_value";
  }
  if (result.task.is_classes()) {
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
    if (!part.defined && part.in_mean) names.push_back(part.name);
  }
  return names;
}

std::int64_t EvaluationReport::missing_frames() const {
  std::int64_t sum = 0;
  for (const auto& [task, result] : tasks) sum += result.missing_frames;
  return sum;
}

std::optional<double> EvaluationReport::multitask_p() const {
  const std::vector<Task>& all = challenge_tasks();
  if (!std::ranges::all_of(all, [this](const Task& task) { return tasks.contains(task); })) {
    return std::nullopt;
  }
  return tasks.at(all[2]).score.value + tasks.at(all[0]).score.value + tasks.at(all[1]).score.value;
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
