// The score of each class or output with its interval, and who is taken for whom.
#include <algorithm>

#include "html.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

std::string part_chart(const Runs& runs, const Task& task) {
  const std::vector<std::string> names = charted_outputs(task);
  const auto rows = static_cast<double>(names.size());
  const double band = 8 + 8 * static_cast<double>(runs.size());
  const char* metric = task.is_continuous() ? "CCC of each " : "F1 of each ";
  Plot plot(titled(task, metric + output_noun(task)),
            "95 % intervals over videos; the table below has the numbers",
            {.width = 400, .height = 70 + band * rows, .left = room_for_names(names, 74)},
            {.low = task.is_continuous() ? -1. : 0., .high = 1, .label = short_metric_title(task)},
            {.low = rows - .5, .high = -.5});
  plot.draw_x_axis();
  plot.name_rows(names);
  bool any = false;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (!runs[r].files.has_task(task)) continue;
    const json& result = runs[r].files.task(task);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const double step = .8 / static_cast<double>(runs.size());
      const double y = static_cast<double>(i) + step * (static_cast<double>(r) + .5) - .4;
      const std::string left_out = left_out_reason(runs[r].files, task, names[i]);
      if (!left_out.empty()) plot.text(.01, y, left_out, "label", "start");
      const std::string interval = intervals_place(task) + place_of(names[i]);
      const auto value = number_at(result, scores_place(task) + place_of(names[i]));
      const auto low = number_at(result, interval + "/0"),
                 high = number_at(result, interval + "/1");
      if (!value) continue;
      any = true;
      plot.rect(0, y - .38 * step, *value, y + .38 * step, run_css(r) + " bar");
      if (low && high) plot.line({{*low, y}, {*high, y}}, run_css(r));
      plot.dot(*value, y, 3, run_css(r) + " fill",
               concat(runs[r].files.name, " ", names[i], ": ", digits(value)));
    }
  }
  return any ? plot.svg() : "";
}

/// How many frames say so, and of how many that are labelled for it where that is counted.
std::string frames_cell(const json& result, const std::string& name) {
  const auto count = [](double frames) {
    return with_thousands(static_cast<std::int64_t>(frames));
  };
  const auto support = number_at(result, "/support" + place_of(name));
  const auto known = number_at(result, "/known" + place_of(name));
  if (!support) return known ? count(*known) : "–";
  return known ? count(*support) + " of " + count(*known) : count(*support);
}

std::string errors_cell(const json& result, const std::string& name) {
  const std::string place = "/errors" + place_of(name);
  return digits(number_at(result, place + "/pearson")) + " / " +
         digits(number_at(result, place + "/mae")) + " / " +
         digits(number_at(result, place + "/rmse"));
}

std::string part_table(const Runs& runs, const Task& task) {
  const bool with_frames = !task.is_continuous() || !is_challenge_task(task);
  const bool with_errors = task.is_continuous() && !is_challenge_task(task);
  std::vector<std::string> header = {output_word(task)};
  for (const ReportRun& run : runs) {
    if (!run.files.has_task(task)) continue;
    header.push_back(escaped(run.files.name));
    if (with_errors) header.push_back("Pearson / MAE / RMSE");
    if (with_frames) header.push_back("frames");
  }
  if (header.size() == 1) return {};
  HtmlTable table(metric_title(task) + " of the parts, 95 % intervals", header);
  for (const std::string& name : task.outputs()) {
    std::vector<std::string> cells = {escaped(name)};
    for (const ReportRun& run : runs) {
      if (!run.files.has_task(task)) continue;
      const json& result = run.files.task(task);
      const std::string left_out = left_out_reason(run.files, task, name);
      cells.push_back(!left_out.empty() ? left_out
                                        : with_interval(result, scores_place(task) + place_of(name),
                                                        intervals_place(task) + place_of(name)));
      if (with_errors) cells.push_back(errors_cell(result, name));
      if (with_frames) cells.push_back(frames_cell(result, name));
    }
    table.add_row(cells);
  }
  return element(
      "details", "",
      "<summary>" + escaped(metric_title(task)) + ": the numbers</summary>" + table.html());
}

/// Whether the matrix needs more room than a chart of the grid has.
bool is_wide(const Task& task) {
  constexpr std::size_t kMostInGrid = 12;
  return task.outputs().size() > kMostInGrid;
}

/// What of a task with very many outputs is not drawn.
std::string cut_note(const Task& task) {
  const std::size_t shown = charted_outputs(task).size();
  if (shown == task.outputs().size()) return {};
  return paragraph(concat(task.title(), ": charts show the first ", shown, " of ",
                          task.outputs().size(), " outputs, the table all of them",
                          task.is_classes() ? "; there is no confusion matrix." : "."),
                   "note");
}

/// Cells that hold their number, however many they are.
Plot confusion_plot(const ReportRun& run, const Task& task) {
  constexpr double kSmallestCell = 24;
  const std::vector<std::string>& names = task.outputs();
  const auto count = static_cast<double>(names.size());
  const double left = room_for_names(names, 70), bottom = room_for_names(names, 74);
  const std::string words = titled(task, is_challenge_task(task) ? "Confusion" : "confusion");
  return {words + ", " + run.files.name,
          "Rows are the truth, columns the decision, shares of a row in percent",
          {.width = std::max(400., left + 12 + kSmallestCell * count),
           .height = std::max(400., 26 + bottom + kSmallestCell * count),
           .left = left,
           .bottom = bottom},
          {.low = -.5, .high = count - .5},
          {.low = count - .5, .high = -.5}};
}

std::string confusion_chart(const ReportRun& run, const Task& task) {
  if (!run.files.has_task(task)) return {};
  const json& result = run.files.task(task);
  const std::vector<std::string>& names = task.outputs();
  if (!result.contains("confusion") || charted_outputs(task).size() < names.size()) return {};
  Plot plot = confusion_plot(run, task);
  plot.name_rows(names);
  plot.name_columns(names);
  for (std::size_t truth = 0; truth < names.size(); ++truth) {
    double total = 0;
    std::vector<double> counts;
    for (std::size_t c = 0; c < names.size(); ++c) {
      counts.push_back(number_at(result, concat("/confusion/", truth, "/", c)).value_or(0));
      total += counts.back();
    }
    for (std::size_t c = 0; c < names.size(); ++c) {
      const double share = total > 0 ? counts[c] / total : 0;
      const auto x = static_cast<double>(c), y = static_cast<double>(truth);
      plot.rect(x - .48, y - .48, x + .48, y + .48, truth == c ? "cell right" : "cell wrong",
                concat(names[truth], " taken for ", names[c], ": ",
                       with_thousands(static_cast<std::int64_t>(counts[c])), " frames, ",
                       fixed(100 * share, 1), " %"),
                concat("fill-opacity:", fixed(.06 + .94 * share, 2)));
      if (total > 0) plot.text(x, y, fixed(100 * share, 0), share > .55 ? "on-dark" : "");
    }
  }
  return plot.svg(is_wide(task) ? "chart wide" : "chart");
}

}  // namespace

std::string classes_section(const Runs& runs) {
  const std::vector<Task> tasks = tasks_of(runs);
  std::string charts, tables, confusions, wide;
  for (const Task& task : tasks) {
    charts += part_chart(runs, task);
    tables += part_table(runs, task);
  }
  for (const Task& task : tasks) {
    for (const ReportRun& run : runs) {
      if (!task.is_classes()) continue;
      const std::string chart = confusion_chart(run, task);
      if (is_wide(task) && !chart.empty()) {
        wide += element("div", "class=\"scroll\"", chart) + "\n";
      } else {
        confusions += chart;
      }
    }
  }
  if (charts.empty()) return {};
  std::string note;
  if (!confusions.empty() || !wide.empty()) {
    note = paragraph("Confusion: rows are the truth; numbers are percent of the row.", "note");
  }
  for (const Task& task : tasks) note += cut_note(task);
  return section("classes",
                 are_of_challenge(tasks) ? "Classes and action units" : "Classes and outputs",
                 legend(runs) + grid(charts + confusions) + wide + note + tables);
}

}  // namespace mien
