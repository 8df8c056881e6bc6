// The result of `mien evaluate`, for programs and for people.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "mien/evaluation/evaluate.h"
#include "mien/evaluation/robustness.h"
#include "mien/scoring/decisions.h"

namespace mien {

struct EvaluationReport {
  Split split = Split::kValidation;
  DecisionRules rules;           ///< the same for people; empty: of a file, as they are
  std::string decisions = "{}";  ///< JSON object: what was applied to the scores; {} is raw
  std::string weights_sha256;    ///< of a run's weights file; empty for a prediction file
  bool in_sample = false;        ///< the decisions were tuned on these videos
  std::map<Task, TaskResult> tasks;
  std::map<Task, RobustnessTable> robustness;  ///< where corrupted banks were given
  double scoring_seconds = 0;

  std::int64_t missing_frames() const;  ///< summed over the tasks

  /// The challenge's multi-task P: the sum of its three tasks' scores; nothing unless all are
  /// there.
  std::optional<double> multitask_p() const;
};

/// contract.md, mien evaluate.
nlohmann::json to_json(const EvaluationReport& report);

/// A headline a task, then its parts and what needs saying (missing frames, undefined scores).
std::string to_text(const EvaluationReport& report);

}  // namespace mien
