// RUN/decisions.json: what `mien tune` chose, for every command that decides.
//
//   {"format": "mien-decisions", "version": 1,
//    "runs": [{"path": ".", "weights": "best", "weights_sha256": "..."},
//             {"path": "/abs/runs/b", "weights": "best", "weights_sha256": "..."}],
//    "tasks": {"emotion": {"task": {"name": "emotion", "kind": "classes", "labels": [...]},
//                          "weights": [.6, .4], "smoothing": {"kind": "box", "half_window": 12},
//                          "bias": [a number added to each class's log-probability]},
//              "units":   {"task": {...}, "weights": [1, 0],
//                          "smoothing": {"kind": "none", "half_window": 0},
//                          "thresholds": [a number in [0, 1] per output]}}}
//
// The first run is the one that holds the file. The challenge's tasks need no "task". weights: one
// per run, >= 0, sum 1 (may be left out: the first alone). bias and thresholds may be left out.
// Other keys are ignored.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/scoring/decisions.h"

namespace mien {

struct DecidingRun {
  std::string path;  ///< "." for the run that holds the file, else absolute
  std::string weights = "best";
  std::string weights_sha256;
};

struct DecisionsFile {
  std::vector<DecidingRun> runs;
  DecisionRules rules;
};

/// RUN/decisions.json.
std::filesystem::path decisions_path(const std::filesystem::path& run);

/// One task's rule as the file has it.
nlohmann::json to_json(const Task& task, const DecisionRule& rule);

/// Throws InputError that names file and key: no JSON, another format or version, a wrong type,
/// count or range.
DecisionsFile read_decisions(const std::filesystem::path& file);

/// Throws InputError when `weights`, of a run's folder, is not the file that `tuned` names, an
/// entry of the decisions in `file`.
void require_tuned_weights(const std::filesystem::path& weights, const DecidingRun& tuned,
                           const std::filesystem::path& file);

/// Atomic.
void write_decisions(const std::filesystem::path& file, const DecisionsFile& decisions);

}  // namespace mien
