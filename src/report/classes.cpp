// F1 of each class, AU or dimension with its interval, and who is taken for whom.
#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

using nlohmann::json;

/// Where the evaluation keeps a task's parts: F1 a class or an AU, CCC a dimension.
std::string parts_at(const std::string& task) {
  return task == "expr" ? "/per_class/" : task == "au" ? "/per_au/" : "/";
}

std::string intervals_at(const std::string& task) {
  return task == "expr" ? "/per_class_ci95/" : task == "au" ? "/per_au_ci95/" : "/dimensions_ci95/";
}

std::string part_chart(const Runs& runs, const std::string& task) {
  const std::vector<std::string> names = score_names(task_from_name(task, "task"));
  const auto rows = static_cast<double>(names.size());
  const double band = 8 + 8 * static_cast<double>(runs.size());
  std::string spoken;
  Plot plot(task == "expr" ? "F1 of each expression"
            : task == "au" ? "F1 of each action unit"
                           : "CCC of each dimension",
            "95 % intervals over videos; the table below has the numbers",
            {.width = 400, .height = 70 + band * rows, .left = 74},
            {.low = task == "va" ? -1. : 0., .high = 1, .label = metric_title(task)},
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
      const auto value = number_at(result, parts_at(task) + names[i]);
      const auto low = number_at(result, intervals_at(task) + names[i] + "/0"),
                 high = number_at(result, intervals_at(task) + names[i] + "/1");
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

std::string part_table(const Runs& runs, const std::string& task) {
  std::vector<std::string> header = {task == "expr" ? "class" : task == "au" ? "AU" : "dimension"};
  for (const ReportRun& run : runs) {
    if (!run.files.has_task(task)) continue;
    header.push_back(escaped(run.files.name));
    if (task != "va") header.push_back("frames");
  }
  if (header.size() == 1) return {};
  HtmlTable table(metric_title(task) + " of the parts, 95 % intervals", header);
  for (const std::string& name : score_names(task_from_name(task, "task"))) {
    std::vector<std::string> cells = {name};
    for (const ReportRun& run : runs) {
      if (!run.files.has_task(task)) continue;
      const json& result = run.files.task(task);
      cells.push_back(with_interval(result, parts_at(task) + name, intervals_at(task) + name));
      if (task == "va") continue;
      const auto support = number_at(result, "/support/" + name);
      cells.push_back(support ? with_thousands(static_cast<std::int64_t>(*support)) : "–");
    }
    table.add_row(cells);
  }
  return element("details", "",
                 "<summary>" + metric_title(task) + ": the numbers</summary>" + table.html());
}

std::string confusion_chart(const ReportRun& run) {
  if (!run.files.has_task("expr")) return {};
  const json& task = run.files.task("expr");
  const std::vector<std::string> names = score_names(Task::kExpr);
  Plot plot("Confusion, " + run.files.name,
            "Rows are the truth, columns the decision, shares of a row in percent",
            {.width = 400, .height = 400, .left = 70, .bottom = 74}, {.low = -.5, .high = 7.5},
            {.low = 7.5, .high = -.5});
  plot.name_rows(names);
  plot.name_columns(names);
  for (std::size_t truth = 0; truth < kExpressions; ++truth) {
    double total = 0;
    std::vector<double> counts;
    for (std::size_t c = 0; c < kExpressions; ++c) {
      counts.push_back(number_at(task, concat("/confusion/", truth, "/", c)).value_or(0));
      total += counts.back();
    }
    for (std::size_t c = 0; c < kExpressions; ++c) {
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
  return task.contains("confusion") ? plot.svg() : "";
}

}  // namespace

std::string classes_section(const Runs& runs) {
  std::string charts, tables, confusions;
  for (const std::string& task : kTaskNames) {
    charts += part_chart(runs, task);
    tables += part_table(runs, task);
  }
  for (const ReportRun& run : runs) confusions += confusion_chart(run);
  if (charts.empty()) return {};
  std::string note;
  if (!confusions.empty()) {
    note = paragraph("Confusion: rows are the truth; numbers are percent of the row.", "note");
  }
  return section("classes", "Classes and action units",
                 legend(runs) + grid(charts + confusions) + note + tables);
}

}  // namespace mien
