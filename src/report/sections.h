// The parts of the page. Each gives HTML, or nothing where no run has what it shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mien/report/report.h"

namespace mien {

using Runs = std::vector<ReportRun>;

std::string headline_section(const Runs& runs);
std::string curves_section(const Runs& runs);
std::string classes_section(const Runs& runs);  ///< F1 a class and an AU, confusion
std::string precision_recall_section(const Runs& runs);
std::string timelines_section(const Runs& runs);
std::string calibration_section(const Runs& runs);
std::string decisions_section(const Runs& runs);
std::string flatness_section(const Runs& runs);
std::string provenance_section(const Runs& runs);

extern const std::string_view kStyleSheet;

/// <section id><h2>; nothing for an empty content.
std::string section(std::string_view id, std::string_view title, const std::string& content);

/// Charts side by side, as many as fit.
std::string grid(const std::string& charts, std::string_view css = "grid");

/// "s0" ... of a run's colour; the reference styles repeat after seven runs.
std::string run_css(std::size_t index);

/// Which colour is which run; nothing for a single one.
std::string legend(const Runs& runs);

/// "0.4821", or a dash.
std::string digits(const std::optional<double>& value, int count = 4);

/// "0.4821 [0.405, 0.581]" of the number and the interval at two JSON pointers.
std::string with_interval(const nlohmann::json& object, const std::string& value,
                          const std::string& interval);

/// "f1" or "ccc", and "EXPR F1", "AU F1", "VA CCC".
std::string metric_key(const std::string& task);
std::string metric_title(const std::string& task);
inline const std::vector<std::string> kTaskNames = {"expr", "au", "va"};

/// Names of the columns of a task's scores.
std::vector<std::string> score_names(Task task);

/// The AUs' thresholds of the evaluation, without one those of decisions.json, else .5 each.
std::vector<double> thresholds_of(const RunFiles& run);

/// Whether the evaluation's numbers are of decisions that were tuned on its videos.
bool decided_by_tuning(const RunFiles& run);

/// What there is to say of the kept set's out-of-fold number.
std::string kept_set_note(const RunFiles& run);

}  // namespace mien
