// What a run's folder holds, read for a report. Missing pieces are empty, damaged ones an error.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

/// A CSV file of numbers; NaN where a cell is empty.
struct NumberTable {
  std::vector<std::string> names;  ///< of the columns, in the file's order
  std::map<std::string, std::vector<double>> columns;

  bool has(const std::string& name) const;  ///< with at least one number
  std::size_t rows() const;
};

/// Throws InputError that names file and line for what is no number or lacks a cell.
NumberTable read_number_table(const std::filesystem::path& file);

struct RunFiles {
  std::filesystem::path folder;
  std::string name;  ///< the folder's, as shown
  /// That the run predicts: of its weights, else of its record; the challenge's where neither says.
  std::vector<Task> tasks;
  std::string config;   ///< config.yaml as it is
  NumberTable metrics;  ///< metrics.csv
  NumberTable surface;  ///< evaluation/flatness-surface.csv
  nlohmann::json record, evaluation, tuning, decisions, flatness;  ///< null: not there

  bool has_task(const Task& task) const;  ///< of the run's, in the evaluation
  const nlohmann::json& task(const Task& of) const { return evaluation["tasks"][of.name()]; }
  /// What tune.json says of a task of the run's; null: nothing.
  const nlohmann::json* tuning_of(const Task& task) const;
};

/// Throws InputError when `folder` is no run (it has no config.yaml), or a file cannot be read.
RunFiles read_run_files(const std::filesystem::path& folder);

/// Lets go of results of weights that are there no more (their `weights_sha256`), and of a tuning
/// that is not of the decisions in force (its `decisions_sha256`): a text for each, why. Without
/// the weights nothing is known to be stale.
std::vector<std::string> drop_stale(RunFiles& run);

/// A name as a part of a JSON pointer, with a slash before it.
std::string place_of(std::string_view name);

/// The number at a JSON pointer ("/best/epoch"), if there is one.
std::optional<double> number_at(const nlohmann::json& object, const std::string& pointer);
/// The text there, or nothing.
std::string text_at(const nlohmann::json& object, const std::string& pointer);

}  // namespace mien
