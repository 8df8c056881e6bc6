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
std::string classes_section(const Runs& runs);  ///< scores of single outputs, confusion
std::string precision_recall_section(const Runs& runs);
std::string timelines_section(const Runs& runs);
std::string calibration_section(const Runs& runs);
std::string decisions_section(const Runs& runs);
std::string flatness_section(const Runs& runs);
std::string provenance_section(const Runs& runs);

/// A task's scores and labels of one video; null where the run has none.
const VideoScores* scores_of(const ReportRun& run, const Task& task, const std::string& video);
const VideoLabels* labels_of(const ReportRun& run, const Task& task, const std::string& video);

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

/// That any of the runs predicts, in their order.
std::vector<Task> tasks_of(const Runs& runs);

/// Whether all of these are the challenge's: the page speaks of it in its own words.
bool are_of_challenge(const std::vector<Task>& tasks);

/// What a single output is: "expression", "action unit", "dimension"; of other tasks "class" or
/// "output". The word is what has room in the head of a table.
std::string output_noun(const Task& task);
std::string output_word(const Task& task);

/// `words` of a chart's title, after the task's name where they do not say already which it is.
std::string titled(const Task& task, const std::string& words);

/// metric_title() of data, for a chart: a long name is shortened.
std::string short_metric_title(const Task& task);

/// The outputs that charts show: all, or of very many the first.
std::vector<std::string> charted_outputs(const Task& task);

/// Where the evaluation of a task keeps the scores of its outputs, and their intervals: the
/// beginning of JSON pointers.
std::string scores_place(const Task& task);
std::string intervals_place(const Task& task);

/// Why the evaluation leaves an output out of the mean ("no positive label"); nothing: it does not.
std::string left_out_reason(const RunFiles& run, const Task& task, const std::string& output);

/// A binary task's thresholds of the evaluation, without one those of decisions.json, else .5 each.
std::vector<double> thresholds_of(const RunFiles& run, const Task& task);

/// Whether the evaluation's numbers are of decisions that were tuned on its videos.
bool decided_by_tuning(const RunFiles& run);

/// What there is to say of the kept set's out-of-fold number.
std::string kept_set_note(const RunFiles& run);

}  // namespace mien
