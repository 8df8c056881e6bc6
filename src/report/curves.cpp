// metrics.csv as small charts: whatever columns there are.
#include <cmath>

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

struct Curve {
  std::string column, label;
  bool dashed = false;
};

struct CurveChart {
  std::string title;
  std::vector<Curve> curves;
  bool logarithmic = false;
};

/// Together as long as they can be told apart by the pen.
void add_levels(const std::vector<Task>& tasks, std::vector<CurveChart>& charts) {
  std::vector<Curve> curves;
  for (const Task& task : tasks) {
    if (task.is_continuous()) continue;
    curves.push_back({"cvar_level_" + task.name(), task.title(), !curves.empty()});
  }
  if (curves.size() <= 2) {
    charts.push_back({"CVaR level (loss at the tail's edge)", curves});
    return;
  }
  for (Curve& curve : curves) {
    curve.dashed = false;
    charts.push_back(
        {"CVaR level (loss at the tail's edge), " + shortened(curve.label, 20), {curve}});
  }
}

std::vector<CurveChart> curve_charts(const std::vector<Task>& tasks) {
  std::vector<CurveChart> charts = {{"Loss",
                                     {{"train_loss", "training", true},
                                      {"validation_loss", "validation"},
                                      {"validation_ema_loss", "validation, averaged weights"}}}};
  for (const Task& task : tasks) {
    charts.push_back({short_metric_title(task) + ", validation",
                      {{"validation_" + metric_key(task), "weights"},
                       {"validation_ema_" + metric_key(task), "averaged weights", true}}});
  }
  add_levels(tasks, charts);
  charts.push_back({"Sharpness (rise to the perturbed weights)", {{"sharpness", "training"}}});
  charts.push_back({"Gradient norm", {{"gradient_norm", "training"}}});
  charts.push_back({"Learning rate", {{"lr", "at the epoch's end"}}, true});
  return charts;
}

/// "solid: validation; broken: training", of the curves that are drawn.
std::string key_of(const CurveChart& chart, const Runs& runs) {
  std::string text;
  int shown = 0;
  for (const Curve& curve : chart.curves) {
    bool there = false;
    for (const ReportRun& run : runs) there = there || run.files.metrics.has(curve.column);
    if (!there) continue;
    ++shown;
    text += concat(text.empty() ? "" : "; ", curve.dashed ? "broken: " : "solid: ", curve.label);
  }
  return shown > 1 ? text : "";
}

std::string draw(const CurveChart& chart, const Runs& runs) {
  std::vector<double> epochs, values;
  for (const ReportRun& run : runs) {
    for (const Curve& curve : chart.curves) {
      if (!run.files.metrics.has(curve.column)) continue;
      const auto& column = run.files.metrics.columns.at(curve.column);
      values.insert(values.end(), column.begin(), column.end());
      const auto& x = run.files.metrics.columns.at("epoch");
      epochs.insert(epochs.end(), x.begin(), x.end());
    }
  }
  if (values.empty()) return {};
  Axis y = axis_over(values, "");
  bool positive = true;
  for (const double value : values) positive = positive && (!std::isfinite(value) || value > 0);
  if (chart.logarithmic && positive) {
    y = {.low = INFINITY, .high = 0, .logarithmic = true};
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      y.low = std::min(y.low, value * .8);
      y.high = std::max(y.high, value * 1.25);
    }
  }
  Axis x{.low = INFINITY, .high = -INFINITY, .label = "epoch"};
  for (const double epoch : epochs) {
    x.low = std::min(x.low, epoch);
    x.high = std::max(x.high, epoch);
  }
  if (x.low == x.high) x.low -= .5, x.high += .5;
  const std::string key = key_of(chart, runs);
  Plot plot(chart.title, concat(epochs.size(), " values. ", key), {}, x, y);
  plot.draw_axes();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const NumberTable& table = runs[i].files.metrics;
    for (const Curve& curve : chart.curves) {
      if (!table.has(curve.column)) continue;
      Points points;
      const auto &at = table.columns.at("epoch"), &column = table.columns.at(curve.column);
      for (std::size_t row = 0; row < at.size(); ++row) points.emplace_back(at[row], column[row]);
      const std::string css = run_css(i) + (curve.dashed ? " dash" : "");
      const std::string hint = runs[i].files.name + ": " + curve.label;
      plot.line(points, css, hint);
      if (points.size() == 1) plot.dot(points[0].first, points[0].second, 3, css + " fill", hint);
      const auto best = number_at(runs[i].files.record, "/best/epoch");
      for (const auto& [epoch, value] : points) {
        if (best && epoch == *best && std::isfinite(value)) {
          plot.dot(epoch, value, 3.5, css + " ring",
                   concat(hint, ", best epoch ", epoch, ": ", value));
        }
      }
    }
  }
  return element("figure", "",
                 plot.svg() + (key.empty() ? "" : element("figcaption", "", escaped(key))));
}

}  // namespace

std::string curves_section(const Runs& runs) {
  std::string charts;
  for (const CurveChart& chart : curve_charts(tasks_of(runs))) charts += draw(chart, runs);
  if (charts.empty()) return {};
  return section("curves", "Learning curves",
                 legend(runs) + grid(charts) +
                     paragraph("A ring marks the best epoch, whose weights are kept.", "note"));
}

}  // namespace mien
