// What the sections share.
#include <algorithm>
#include <cmath>
#include <set>

#include "html.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "sections.h"

namespace mien {

std::string section(std::string_view id, std::string_view title, const std::string& content) {
  if (content.empty()) return {};
  return element("section", concat("id=\"", id, "\""),
                 "\n" + element("h2", "", escaped(title)) + "\n" + content) +
         "\n";
}

std::string grid(const std::string& charts, std::string_view css) {
  return charts.empty() ? "" : element("div", concat("class=\"", css, "\""), "\n" + charts) + "\n";
}

std::string run_css(std::size_t index) {
  return concat("s", index % 7);
}

std::string legend(const Runs& runs) {
  if (runs.size() < 2) return {};
  std::string items;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    items += element("li", "",
                     concat("<svg class=\"swatch\" viewBox=\"0 0 20 10\" aria-hidden=\"true\">"
                            "<path class=\"line ",
                            run_css(i), "\" d=\"M0 5H20\"/></svg>", escaped(runs[i].files.name)));
  }
  return element("ul", "class=\"legend\" aria-label=\"Colours of the runs\"", items) + "\n";
}

std::string digits(const std::optional<double>& value, int count) {
  return value && std::isfinite(*value) ? fixed(*value, count) : "–";
}

std::string with_interval(const nlohmann::json& object, const std::string& value,
                          const std::string& interval) {
  std::string text = digits(number_at(object, value));
  const auto low = number_at(object, interval + "/0"), high = number_at(object, interval + "/1");
  if (low && high) {
    text += concat(" <span class=\"ci\">[", digits(low, 3), ", ", digits(high, 3), "]</span>");
  }
  return text;
}

std::vector<Task> tasks_of(const Runs& runs) {
  std::set<Task> tasks;
  for (const ReportRun& run : runs) {
    tasks.insert(run.files.tasks.begin(), run.files.tasks.end());
  }
  return {tasks.begin(), tasks.end()};
}

bool are_of_challenge(const std::vector<Task>& tasks) {
  return std::ranges::all_of(tasks, is_challenge_task);
}

std::string output_noun(const Task& task) {
  if (!is_challenge_task(task)) return task.is_classes() ? "class" : "output";
  return task.is_classes() ? "expression" : task.is_binary() ? "action unit" : "dimension";
}

std::string output_word(const Task& task) {
  if (task.is_classes()) return "class";
  if (!is_challenge_task(task)) return "output";
  return task.is_binary() ? task.title() : "dimension";
}

namespace {

std::string short_title(const Task& task) {
  constexpr std::size_t kLongest = 24;
  return shortened(task.title(), kLongest);
}

}  // namespace

std::string titled(const Task& task, const std::string& words) {
  return is_challenge_task(task) ? words : short_title(task) + ": " + words;
}

std::string short_metric_title(const Task& task) {
  return short_title(task) + metric_title(task).substr(task.title().size());
}

std::vector<std::string> charted_outputs(const Task& task) {
  constexpr std::size_t kMost = 60;
  std::vector<std::string> names = task.outputs();
  if (names.size() > kMost) names.resize(kMost);
  return names;
}

std::string scores_place(const Task& task) {
  const std::string key = outputs_key(task);
  return key.empty() ? "" : place_of(key);
}

std::string intervals_place(const Task& task) {
  const std::string key = outputs_key(task);
  return place_of((key.empty() ? "dimensions" : key) + "_ci95");
}

std::string left_out_reason(const RunFiles& run, const Task& task, const std::string& output) {
  if (!run.has_task(task)) return {};
  const auto left_out = run.task(task).find("left_out");
  if (left_out == run.task(task).end() ||
      std::ranges::find(*left_out, nlohmann::json(output)) == left_out->end()) {
    return {};
  }
  return task.is_binary() ? "no positive label" : "no label";
}

std::vector<double> thresholds_of(const RunFiles& run, const Task& task) {
  const bool evaluated = run.evaluation.is_object();
  const nlohmann::json& source = evaluated ? run.evaluation : run.decisions;
  const std::string place =
      concat(evaluated ? "/decisions" : "/tasks", place_of(task.name()), "/thresholds/");
  std::vector<double> thresholds(task.outputs().size(), .5);
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    thresholds[i] = number_at(source, concat(place, i)).value_or(.5);
  }
  return thresholds;
}

bool decided_by_tuning(const RunFiles& run) {
  if (!run.evaluation.is_object()) return false;
  if (run.evaluation.contains("in_sample")) return run.evaluation["in_sample"] == true;
  const auto rules = run.evaluation.find("decisions");  // an older file: a rule is an object
  return rules != run.evaluation.end() &&
         std::ranges::any_of(*rules, [](const auto& rule) { return rule.is_object(); });
}

std::string kept_set_note(const RunFiles& run) {
  return paragraph(run.name +
                       ": the kept decisions are the best set out of fold; that choice makes "
                       "their own out-of-fold number a little optimistic.",
                   "note");
}

}  // namespace mien
