// Precision against recall of each class and AU, one against the rest, from the scores a frame.
#include <algorithm>

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

struct Scored {
  float score;
  bool truth;
};

/// The frames of both scores and valid labels, of one column.
std::vector<Scored> scored_frames(const ReportRun& run, Task task, std::size_t column) {
  std::vector<Scored> out;
  const auto scores = run.probabilities.find(task);
  if (scores == run.probabilities.end()) return out;
  const std::size_t columns = score_columns(task);
  for (const LabelSet& labels : run.labels) {
    if (labels.task != task) continue;
    for (const VideoLabels& video : labels.videos) {
      const auto found = std::ranges::find(scores->second.videos, video.video, &VideoScores::video);
      if (found == scores->second.videos.end()) continue;
      std::size_t at = 0;
      for (std::size_t i = 0; i < found->frames.size(); ++i) {
        while (at < video.frames.size() && video.frames[at] < found->frames[i]) ++at;
        if (at == video.frames.size()) break;
        if (video.frames[at] != found->frames[i]) continue;
        const auto row = labels.row(video, at);
        if (!is_valid_row(task, row)) continue;
        const bool truth =
            task == Task::kExpr ? row[0] == static_cast<double>(column) : row[column] == 1;
        out.push_back({found->values[i * columns + column], truth});
      }
    }
  }
  std::ranges::sort(out, std::ranges::greater(), &Scored::score);
  return out;
}

struct Curve {
  Points points;  ///< recall, precision
  double average_precision = 0;
  std::pair<double, double> chosen = {-1, -1};  ///< at the threshold
  double positives = 0, frames = 0;
};

Curve curve_of(const std::vector<Scored>& scored, double threshold) {
  Curve curve;
  curve.frames = static_cast<double>(scored.size());
  for (const Scored& one : scored) curve.positives += one.truth;
  if (curve.positives == 0) return curve;
  double hits = 0, last_recall = 0;
  for (std::size_t i = 0; i < scored.size();) {
    const float score = scored[i].score;
    for (; i < scored.size() && scored[i].score == score; ++i) hits += scored[i].truth;
    const double recall = hits / curve.positives, precision = hits / static_cast<double>(i);
    curve.average_precision += (recall - last_recall) * precision;
    if (static_cast<double>(score) >= threshold) curve.chosen = {recall, precision};
    // A curve needs no more points than it has pixels; the last one always counts.
    const bool far = curve.points.empty() || recall - curve.points.back().first > .006 ||
                     std::abs(precision - curve.points.back().second) > .02;
    if (far || i == scored.size()) curve.points.emplace_back(recall, precision);
    last_recall = recall;
  }
  return curve;
}

/// Where the decisions lie: EXPR from the confusion matrix, an AU at its threshold.
std::pair<double, double> decided(const ReportRun& run, std::size_t column) {
  if (!run.files.has_task("expr")) return {-1, -1};
  double right = 0, truth = 0, answered = 0;
  for (std::size_t i = 0; i < kExpressions; ++i) {
    truth += number_at(run.files.task("expr"), concat("/confusion/", column, "/", i)).value_or(0);
    answered +=
        number_at(run.files.task("expr"), concat("/confusion/", i, "/", column)).value_or(0);
  }
  right = number_at(run.files.task("expr"), concat("/confusion/", column, "/", column)).value_or(0);
  if (truth == 0 || answered == 0) return {-1, -1};
  return {right / truth, right / answered};
}

std::string chart(const Runs& runs, Task task, std::size_t column) {
  const std::string name = score_names(task)[column];
  std::string spoken = "average precision";
  Plot plot(name, "Precision against recall",
            {.width = 232, .height = 196, .left = 40, .bottom = 38},
            {.low = 0, .high = 1, .label = "recall"}, {.low = 0, .high = 1, .label = "precision"});
  plot.draw_axes();
  bool any = false;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const double threshold = task == Task::kAu ? thresholds_of(runs[r].files)[column] : 2;
    const Curve curve = curve_of(scored_frames(runs[r], task, column), threshold);
    if (curve.positives == 0) continue;
    if (!any)
      plot.line({{0, curve.positives / curve.frames}, {1, curve.positives / curve.frames}},
                "muted dash");
    any = true;
    const auto chosen = task == Task::kExpr ? decided(runs[r], column) : curve.chosen;
    plot.line(
        curve.points, run_css(r),
        concat(runs[r].files.name, ": average precision ", fixed(curve.average_precision, 3)));
    if (chosen.first < 0) continue;
    plot.dot(
        chosen.first, chosen.second, 4.5, run_css(r) + " fill",
        concat(runs[r].files.name, ": recall ", fixed(chosen.first, 3), ", precision ",
               fixed(chosen.second, 3),
               task == Task::kAu ? concat(" at threshold ", fixed(threshold, 3)) : " as decided"));
  }
  return any ? plot.svg("chart small") : "";
}

}  // namespace

std::string precision_recall_section(const Runs& runs) {
  std::string content;
  for (const Task task : {Task::kExpr, Task::kAu}) {
    std::string charts;
    for (std::size_t column = 0; column < score_columns(task); ++column)
      charts += chart(runs, task, column);
    if (!charts.empty())
      content += element("h3", "", task == Task::kExpr ? "Expressions" : "Action units") +
                 grid(charts, "grid small");
  }
  if (content.empty()) return {};
  return section(
      "precision-recall", "Precision and recall",
      legend(runs) + content +
          paragraph(
              "Curves are of the run's own scores, before smoothing and blending. An AU's dot is "
              "its threshold in force on those scores, before smoothing and blending; an "
              "expression's dot is the answers given after all decisions, and may lie off its "
              "curve. The broken line is the share of positive frames.",
              "note"));
}

}  // namespace mien
