// What smoothing, biases and thresholds brought, on videos that did not choose them.
#include "mien/scoring/decisions.h"

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

/// "+0.0312 [..]"
std::string gain_text(const json& scores) {
  const auto gain = number_at(scores, "/gain");
  return (gain && *gain >= 0 ? "+" : "") + with_interval(scores, "/gain", "/gain_ci95");
}

std::string task_part(const ReportRun& run, const Task& task, std::size_t index) {
  const json* found = run.files.tuning_of(task);
  if (found == nullptr) return {};
  const json& tuning = *found;
  const std::string key = metric_name(task);
  const std::string weights = text_at(run.files.tuning, "/weights");
  std::vector<std::pair<std::string, json>> rows;
  if (tuning.contains("ingredients")) {
    for (const auto& [name, scores] : tuning["ingredients"].items())
      rows.emplace_back(name, scores);
  }
  rows.emplace_back("kept", tuning);
  HtmlTable table(
      concat(metric_title(task), " of ", run.files.name, weights == "last" ? ", last weights" : "",
             ": decisions, raw ", digits(number_at(tuning, "/raw_" + key))),
      {"ingredient", "in sample (optimistic)", "out of fold", "gain on unseen videos"});
  std::vector<double> values = {0};
  std::vector<std::string> names;
  for (const auto& [name, scores] : rows) {
    table.add_row(
        {escaped(shown_ingredient(task, name)), digits(number_at(scores, "/in_sample_" + key)),
         with_interval(scores, "/out_of_fold_" + key, "/out_of_fold_ci95"), gain_text(scores)});
    names.push_back(shown_ingredient(task, name));
    for (const char* place : {"/gain", "/gain_ci95/0", "/gain_ci95/1"}) {
      if (const auto value = number_at(scores, place)) values.push_back(*value);
    }
  }
  const std::string title = short_metric_title(task);
  Axis x = axis_over(values, "gain in " + title + " on unseen videos");
  if (x.low == 0) x.low = -.05 * x.high;
  const auto count = static_cast<double>(rows.size());
  Plot plot(title + ": what each decision brought", run.files.name,
            {.width = 400, .height = 76 + 26 * count, .left = 92}, x,
            {.low = count - .5, .high = -.5});
  plot.draw_x_axis();
  plot.name_rows(names);
  plot.line({{0, -.5}, {0, count - .5}}, "axis");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto y = static_cast<double>(i);
    const auto gain = number_at(rows[i].second, "/gain"),
               low = number_at(rows[i].second, "/gain_ci95/0"),
               high = number_at(rows[i].second, "/gain_ci95/1");
    if (!gain) continue;
    plot.rect(0, y - .3, *gain, y + .3, run_css(index) + " bar");
    if (low && high) plot.line({{*low, y}, {*high, y}}, run_css(index));
    plot.dot(*gain, y, 3.5, run_css(index) + " fill", concat(names[i], ": ", digits(gain)));
  }
  return element("div", "class=\"pair\"", plot.svg() + table.html());
}

}  // namespace

std::string decisions_section(const Runs& runs) {
  std::string content, notes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string before = content;
    for (const Task& task : tasks_of(runs)) content += task_part(runs[i], task, i);
    notes += content == before ? paragraph(runs[i].files.name + ": not tuned (mien tune).", "note")
                               : kept_set_note(runs[i].files);
  }
  if (content.empty()) return {};
  return section("decisions", "What each decision brought", content + notes);
}

}  // namespace mien
