#include "mien/report/run_files.h"

#include <algorithm>
#include <cmath>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "mien/head/head_file.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

json read_json(const fs::path& file) {
  if (!is_there(file)) return nullptr;
  json parsed = json::parse(read_text(file), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) {
    throw InputError("RUN", file.string(), "expected a JSON object (is it damaged?)");
  }
  return parsed;
}

NumberTable read_optional_table(const fs::path& file) {
  return is_there(file) ? read_number_table(file) : NumberTable();
}

/// Tasks of a head's file; none where it is missing or says nothing.
std::vector<Task> tasks_in_weights(const fs::path& file) {
  if (!is_there(file)) return {};
  try {
    return read_head_metadata(file).shape.tasks;
  } catch (const InputError&) {  // the run is reported without its weights
    return {};
  }
}

std::vector<Task> tasks_of(const RunFiles& run) {
  for (const char* weights : {"best.safetensors", "last.safetensors"}) {
    std::vector<Task> tasks = tasks_in_weights(run.folder / weights);
    if (!tasks.empty()) return tasks;
  }
  if (!run.record.is_object() || !run.record.contains("tasks")) return challenge_tasks();
  return tasks_from_json(run.record["tasks"], (run.folder / "record.json").string() + ": tasks");
}

/// The folder's own name, also for "." and "runs/a/".
std::string name_of(const fs::path& folder) {
  std::error_code ignored;
  const fs::path whole = fs::weakly_canonical(folder, ignored);
  return (whole.empty() ? folder : whole).filename().string();
}

}  // namespace

bool NumberTable::has(const std::string& name) const {
  const auto found = columns.find(name);
  return found != columns.end() && std::any_of(found->second.begin(), found->second.end(),
                                               [](double value) { return std::isfinite(value); });
}

std::size_t NumberTable::rows() const {
  return names.empty() ? 0 : columns.at(names.front()).size();
}

NumberTable read_number_table(const fs::path& file) {
  const std::string text = read_text(file);
  const auto lines = lines_of(text);
  NumberTable table;
  if (lines.empty()) throw InputError("file", file.string(), "is empty; expected a CSV file");
  for (const std::string_view name : split(lines[0], ',')) {
    table.names.emplace_back(trim(name));
    table.columns[table.names.back()];
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split(lines[i], ',');
    const std::string where = concat(file.string(), ":", i + 1);
    if (cells.size() != table.names.size()) {
      throw InputError(where, std::string(lines[i]),
                       concat("expected ", table.names.size(), " cells"));
    }
    for (std::size_t c = 0; c < cells.size(); ++c) {
      double value = NAN;
      if (!trim(cells[c]).empty() && !parse_number(trim(cells[c]), value)) {
        throw InputError(where, std::string(cells[c]), "expected a number");
      }
      table.columns[table.names[c]].push_back(value);
    }
  }
  return table;
}

bool RunFiles::has_task(const Task& task) const {
  return std::ranges::find(tasks, task) != tasks.end() && evaluation.is_object() &&
         evaluation.contains("tasks") && evaluation["tasks"].contains(task.name());
}

const json* RunFiles::tuning_of(const Task& task) const {
  if (std::ranges::find(tasks, task) == tasks.end() || !tuning.is_object()) return nullptr;
  const auto found = tuning.find(task.name());
  return found != tuning.end() && found->is_object() ? &*found : nullptr;
}

RunFiles read_run_files(const fs::path& folder) {
  require_exists(folder, "RUN", "a folder that mien train made");
  if (!is_there(folder / "config.yaml")) {
    throw InputError("RUN", folder.string(),
                     "expected a folder with config.yaml (made by mien train)");
  }
  const fs::path evaluation = folder / "evaluation";
  RunFiles run{.folder = folder, .name = name_of(folder)};
  run.config = read_text(folder / "config.yaml");
  run.metrics = read_optional_table(folder / "metrics.csv");
  run.surface = read_optional_table(evaluation / "flatness-surface.csv");
  run.record = read_json(folder / "record.json");
  run.evaluation = read_json(evaluation / "validation.json");
  run.tuning = read_json(evaluation / "tune.json");
  run.decisions = read_json(folder / "decisions.json");
  run.flatness = read_json(evaluation / "flatness.json");
  run.tasks = tasks_of(run);
  return run;
}

std::vector<std::string> drop_stale(RunFiles& run) {
  std::vector<std::string> dropped;
  const auto drop = [&](json& result, const char* name, const std::string& why) {
    result = nullptr;
    dropped.push_back(concat((run.folder / "evaluation" / name).string(), " is left out: ", why));
  };
  const auto of_other_weights = [&run](const json& result) {
    const std::string which = text_at(result, "/weights");
    const fs::path weights = run.folder / ((which.empty() ? "best" : which) + ".safetensors");
    return result.is_object() && is_there(weights) &&
           text_at(result, "/weights_sha256") != sha256_of_file(weights);
  };
  const std::string other_weights = "it is not of the run's present weights; run mien ";
  if (of_other_weights(run.evaluation)) {
    drop(run.evaluation, "validation.json", other_weights + "evaluate");
  }
  if (of_other_weights(run.flatness)) {
    drop(run.flatness, "flatness.json", other_weights + "flatness again");
    run.surface = {};
  }
  if (of_other_weights(run.tuning)) {
    drop(run.tuning, "tune.json", other_weights + "tune again");
  } else if (run.tuning.is_object()) {
    const fs::path file = run.folder / "decisions.json";
    if (!is_there(file) || text_at(run.tuning, "/decisions_sha256") != sha256_of_file(file)) {
      drop(run.tuning, "tune.json", "it is not of the run's present decisions.json");
    }
  }
  return dropped;
}

std::string place_of(std::string_view name) {
  std::string place = "/";
  for (const char c : name) {
    if (c == '~' || c == '/') {
      place += c == '~' ? "~0" : "~1";
    } else {
      place += c;
    }
  }
  return place;
}

std::optional<double> number_at(const json& object, const std::string& pointer) {
  const json::json_pointer place(pointer);
  if (!object.is_object() || !object.contains(place) || !object[place].is_number()) return {};
  return object[place].get<double>();
}

std::string text_at(const json& object, const std::string& pointer) {
  const json::json_pointer place(pointer);
  if (!object.is_object() || !object.contains(place) || !object[place].is_string()) return {};
  return object[place].get<std::string>();
}

}  // namespace mien
