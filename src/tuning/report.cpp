#include "mien/tuning/report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "mien/core/text.h"
#include "mien/scoring/decisions_file.h"

namespace mien {
namespace {

using nlohmann::json;

json interval_json(const Estimate& estimate) {
  if (!estimate.interval) return nullptr;
  return {estimate.interval->low, estimate.interval->high};
}

void add_scores(json& out, const Task& task, const TunedScores& scores) {
  const std::string metric = metric_name(task);
  out["in_sample_" + metric] = scores.in_sample.value;
  out["in_sample_ci95"] = interval_json(scores.in_sample);
  out["out_of_fold_" + metric] = scores.out_of_fold.value;
  out["out_of_fold_ci95"] = interval_json(scores.out_of_fold);
  out["gain"] = scores.gain.value;
  out["gain_ci95"] = interval_json(scores.gain);
}

json task_json(const TaskTuning& tuning) {
  const json rule = to_json(tuning.task, tuning.rule);
  json out = {{"raw_" + metric_name(tuning.task), tuning.raw.value},
              {"raw_ci95", interval_json(tuning.raw)},
              {"smoothing", tuning.rule.smoothing.half_window},
              {"smoothing_kind", smoothing_name(tuning.rule.smoothing.kind)},
              {"frames", tuning.frames},
              {"videos", tuning.videos},
              {"folds", tuning.folds},
              {"ingredients", json::object()}};
  add_scores(out, tuning.task, tuning.scores);
  for (const char* key : {"bias", "thresholds", "weights"}) {
    if (rule.contains(key)) out[key] = rule.at(key);
  }
  for (const IngredientResult& row : tuning.ingredients) {
    json& entry = out["ingredients"][row.name];
    add_scores(entry, tuning.task, row.scores);
    entry["kept"] = row.kept;
  }
  return out;
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

std::string with_interval(const Estimate& estimate, bool sign = false) {
  std::string text = (sign && estimate.value >= 0 ? "+" : "") + fixed(estimate.value, 4);
  if (estimate.interval) {
    text += concat(" [", fixed(estimate.interval->low, 3), ", ", fixed(estimate.interval->high, 3),
                   "]");
  }
  return text;
}

std::string row_text(const std::string& name, const TunedScores& scores, const std::string& note) {
  return "  " + padded(name, 22) + padded(fixed(scores.in_sample.value, 4), 12) +
         padded(with_interval(scores.out_of_fold), 26) +
         padded(with_interval(scores.gain, true), 27) + note + "\n";
}

std::string note_of(const IngredientResult& row) {
  if (row.scores.gain.value <= 0) return "does not pay on unseen videos";
  if (row.scores.gain.interval && row.scores.gain.interval->low <= 0) return "may be chance";
  return "pays";
}

std::string task_text(const TaskTuning& tuning) {
  const std::string title = metric_title(tuning.task);
  std::string text =
      concat("\n", title, ", raw ", with_interval(tuning.raw), "  over ", tuning.videos,
             " videos, ", with_thousands(tuning.frames), " frames, ", tuning.folds, " folds\n");
  text += "  " + padded("", 22) + padded("in sample*", 12) + padded("out of fold", 26) +
          padded("gain on unseen videos", 27) + "\n";
  for (const IngredientResult& row : tuning.ingredients) {
    text += row_text(shown_ingredient(tuning.task, row.name), row.scores, note_of(row));
  }
  text += row_text("kept", tuning.scores, "");
  return text + "  chosen: " + text_of(tuning.rule) + "\n";
}

}  // namespace

nlohmann::json to_json(const TuneReport& report) {
  json out = {{"runs", report.runs},           {"seed", report.seed},
              {"decisions", report.decisions}, {"decisions_sha256", report.decisions_sha256},
              {"weights", report.weights},     {"weights_sha256", report.weights_sha256},
              {"seconds", report.seconds}};
  for (const TaskTuning& tuning : report.tasks) out[task_name(tuning.task)] = task_json(tuning);
  return out;
}

std::string to_text(const TuneReport& report) {
  std::string text = "decisions: " + report.decisions + "\n";
  for (const TaskTuning& tuning : report.tasks) text += task_text(tuning);
  return text +
         "\n* in sample is optimistic: chosen and scored on the same frames. Report out of fold.\n"
         "  Kept is the best set out of fold, each ingredient worth .001 at least; that choice "
         "makes its\n"
         "  own number a little optimistic, the rows above are not.\n";
}

}  // namespace mien
