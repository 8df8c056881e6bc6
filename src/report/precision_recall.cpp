// Precision against recall of each class and binary output, one against the rest, from the scores
// of each frame.
#include <algorithm>

#include "html.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

struct Scored {
  float score;
  bool truth;
};

/// Whether the row's label of a column counts.
bool is_counted(const LabelSet& labels, std::span<const double> row, std::size_t column) {
  if (labels.partly_known == PartlyKnown::kDropRow) return is_known_row(row);
  return is_known(row[labels.task.is_classes() ? 0 : column]);
}

/// The frames of both scores and known labels, of one column.
std::vector<Scored> scored_frames(const ReportRun& run, const Task& task, std::size_t column) {
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
        if (!is_counted(labels, row, column)) continue;
        const bool truth =
            task.is_classes() ? row[0] == static_cast<double>(column) : row[column] == 1;
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

/// Where the decisions for a class lie, from the confusion matrix.
std::pair<double, double> decided(const ReportRun& run, const Task& task, std::size_t column) {
  if (!run.files.has_task(task)) return {-1, -1};
  const auto count = [&](std::size_t row, std::size_t answer) {
    return number_at(run.files.task(task), concat("/confusion/", row, "/", answer)).value_or(0);
  };
  double truth = 0, answered = 0;
  for (std::size_t i = 0; i < task.outputs().size(); ++i) {
    truth += count(column, i);
    answered += count(i, column);
  }
  const double right = count(column, column);
  if (truth == 0 || answered == 0) return {-1, -1};
  return {right / truth, right / answered};
}

std::string chart(const Runs& runs, const Task& task, std::size_t column) {
  Plot plot(shortened(task.outputs()[column], 30, 10), "Precision against recall",
            {.width = 232, .height = 196, .left = 40, .bottom = 38},
            {.low = 0, .high = 1, .label = "recall"}, {.low = 0, .high = 1, .label = "precision"});
  plot.draw_axes();
  bool any = false;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const double threshold = task.is_binary() ? thresholds_of(runs[r].files, task)[column] : 2;
    const Curve curve = curve_of(scored_frames(runs[r], task, column), threshold);
    if (curve.positives == 0) continue;
    if (!any)
      plot.line({{0, curve.positives / curve.frames}, {1, curve.positives / curve.frames}},
                "muted dash");
    any = true;
    const auto chosen = task.is_classes() ? decided(runs[r], task, column) : curve.chosen;
    plot.line(
        curve.points, run_css(r),
        concat(runs[r].files.name, ": average precision ", fixed(curve.average_precision, 3)));
    if (chosen.first < 0) continue;
    plot.dot(
        chosen.first, chosen.second, 4.5, run_css(r) + " fill",
        concat(runs[r].files.name, ": recall ", fixed(chosen.first, 3), ", precision ",
               fixed(chosen.second, 3),
               task.is_binary() ? concat(" at threshold ", fixed(threshold, 3)) : " as decided"));
  }
  return any ? plot.svg("chart small") : "";
}

std::string heading_of(const Task& task) {
  if (!is_challenge_task(task)) return task.title();
  return task.is_classes() ? "Expressions" : "Action units";
}

std::string note_of(const std::vector<Task>& tasks) {
  std::string binary = "A binary output's dot", classes = "a class's dot";
  for (const Task& task : tasks) {
    if (!are_of_challenge(tasks)) break;
    if (task.is_binary()) binary = "An " + output_word(task) + "'s dot";
    if (task.is_classes()) classes = "an " + output_noun(task) + "'s dot";
  }
  return concat("Curves are of the run's own scores, before smoothing and blending. ", binary,
                " is its threshold in force on those scores, before smoothing and blending; ",
                classes,
                " is the answers given after all decisions, and may lie off its curve. The broken "
                "line is the share of positive frames.");
}

}  // namespace

std::string precision_recall_section(const Runs& runs) {
  const std::vector<Task> tasks = tasks_of(runs);
  std::string content;
  for (const Task& task : tasks) {
    if (task.is_continuous()) continue;
    std::string charts;
    for (std::size_t column = 0; column < charted_outputs(task).size(); ++column)
      charts += chart(runs, task, column);
    if (!charts.empty())
      content += element("h3", "", escaped(heading_of(task))) + grid(charts, "grid small");
  }
  if (content.empty()) return {};
  return section("precision-recall", "Precision and recall",
                 legend(runs) + content + paragraph(note_of(reported_tasks(tasks)), "note"));
}

}  // namespace mien
