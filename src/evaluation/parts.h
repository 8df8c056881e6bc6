// What both forms of a report say of a task's parts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/evaluation/evaluate.h"
#include "mien/evaluation/robustness.h"

namespace mien {

/// Classes, AUs or dimensions whose score is 0 by definition only.
std::vector<std::string> undefined_parts(const TaskResult& result);

nlohmann::json interval_json(const std::optional<Interval>& interval);
/// "[0.405, 0.581]"; nothing without one.
std::string interval_text(const std::optional<Interval>& interval);

/// `text` padded to `width` on its right or left.
std::string left(const std::string& text, std::size_t width);
std::string right(const std::string& text, std::size_t width);

/// Videos, loss, calibration and agreement: keys of the task's JSON, and lines.
void add_diagnostics(const TaskResult& result, nlohmann::json& task);
std::string diagnostics_text(const TaskResult& result);

nlohmann::json robustness_json(const RobustnessTable& table);
std::string robustness_text(const RobustnessTable& table);

}  // namespace mien
