// What smoothing, biases and thresholds brought, on videos that did not choose them.
#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

std::string ingredient_label(const std::string& name, const std::string& task) {
  if (name != "levels") return name;
  return task == "expr" ? "class biases" : "thresholds";
}

/// "+0.0312 [..]"
std::string gain_text(const json& scores) {
  const auto gain = number_at(scores, "/gain");
  return (gain && *gain >= 0 ? "+" : "") + with_interval(scores, "/gain", "/gain_ci95");
}

std::string task_part(const ReportRun& run, const std::string& task, std::size_t index) {
  if (!run.files.tuning.is_object() || !run.files.tuning.contains(task)) return {};
  const json& tuning = run.files.tuning[task];
  const std::string key = metric_key(task);
  std::vector<std::pair<std::string, json>> rows;
  if (tuning.contains("ingredients")) {
    for (const auto& [name, scores] : tuning["ingredients"].items())
      rows.emplace_back(name, scores);
  }
  rows.emplace_back("kept", tuning);
  HtmlTable table(concat(metric_title(task), " of ", run.files.name, ": decisions, raw ",
                         digits(number_at(tuning, "/raw_" + key))),
                  {"ingredient", "in sample (optimistic)", "out of fold", "gain on unseen videos"});
  std::vector<double> values = {0};
  std::vector<std::string> names;
  for (const auto& [name, scores] : rows) {
    table.add_row(
        {escaped(ingredient_label(name, task)), digits(number_at(scores, "/in_sample_" + key)),
         with_interval(scores, "/out_of_fold_" + key, "/out_of_fold_ci95"), gain_text(scores)});
    names.push_back(ingredient_label(name, task));
    for (const char* place : {"/gain", "/gain_ci95/0", "/gain_ci95/1"}) {
      if (const auto value = number_at(scores, place)) values.push_back(*value);
    }
  }
  Axis x = axis_over(values, "gain in " + metric_title(task) + " on unseen videos");
  if (x.low == 0) x.low = -.05 * x.high;
  const auto count = static_cast<double>(rows.size());
  Plot plot(concat(metric_title(task), ": what each decision brought", ""), run.files.name,
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
  std::string content, missing;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string before = content;
    for (const std::string& task : kTaskNames) content += task_part(runs[i], task, i);
    if (content == before)
      missing += paragraph(runs[i].files.name + ": not tuned (mien tune).", "note");
  }
  if (content.empty()) return {};
  return section("decisions", "What each decision brought", content + missing);
}

}  // namespace mien
