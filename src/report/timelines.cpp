// Scores over time of three videos, against their labels.
#include <algorithm>
#include <cmath>

#include "html.h"
#include "mien/core/text.h"
#include "plot.h"
#include "sections.h"

namespace mien {
namespace {

constexpr double kWidth = 900, kRow = 26, kLeft = 74, kRight = 12;

/// Runs of frames at which `holds` is true, as [first, last].
template <class Holds>
std::vector<std::pair<double, double>> stretches(const std::vector<std::int32_t>& frames,
                                                 const Holds& holds) {
  std::vector<std::pair<double, double>> out;
  bool open = false;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool now = holds(i), follows = i > 0 && frames[i] == frames[i - 1] + 1;
    const auto frame = static_cast<double>(frames[i]);
    if (now && open && follows) {
      out.back().second = frame + .5;
    } else if (now) {
      out.emplace_back(frame - .5, frame + .5);
    }
    open = now;
  }
  return out;
}

/// Lowest and highest value a pixel: a long video draws no more than the screen shows.
struct Envelope {
  Points upper, lower;
  bool single = true;  ///< a frame a pixel or less: the line itself
};

Envelope envelope_of(const VideoScores& scores, std::size_t columns, std::size_t column,
                     double pixels) {
  Envelope envelope;
  const double first = scores.frames.front(), span = std::max(1., scores.frames.back() - first);
  double bin = -1;
  for (std::size_t i = 0; i < scores.frames.size(); ++i) {
    const auto frame = static_cast<double>(scores.frames[i]);
    const double value = scores.values[i * columns + column];
    const double own = std::floor((frame - first) / span * pixels);
    if (own != bin) {
      envelope.upper.emplace_back(frame, value);
      envelope.lower.emplace_back(frame, value);
    } else {
      envelope.upper.back().second = std::max(envelope.upper.back().second, value);
      envelope.lower.back().second = std::min(envelope.lower.back().second, value);
      envelope.single = false;
    }
    bin = own;
  }
  return envelope;
}

/// `value` of the scores to the row's stripe: rows go down, values up.
double height_in_row(const Task& task, double value, double row) {
  const ValueRange range = task.is_continuous() ? task.range() : ValueRange{0, 1};
  const double share =
      (std::clamp(value, range.low, range.high) - range.low) / (range.high - range.low);
  return row + .42 - .84 * share;
}

void draw_row(Plot& plot, const Task& task, const VideoScores& scores, const VideoLabels& labels,
              std::size_t column) {
  const auto row = static_cast<double>(column);
  const double first = scores.frames.front(), last = scores.frames.back();
  const std::size_t width = label_columns(task);
  const auto value = [&](std::size_t i) {
    return labels.values[i * width + (width == 1 ? 0 : column)];
  };
  if (task.is_continuous()) {
    Points truth;
    for (std::size_t i = 0; i < labels.frames.size(); ++i) {
      const bool valid = is_known(value(i));
      truth.emplace_back(labels.frames[i], valid ? height_in_row(task, value(i), row) : NAN);
    }
    plot.line(truth, "truth-line");
  } else {
    const double wanted = task.is_classes() ? row : 1;
    for (const auto& [from, to] :
         stretches(labels.frames, [&](std::size_t i) { return value(i) == wanted; })) {
      plot.rect(std::max(from, first), row - .46, std::min(to, last), row + .46, "truth");
    }
  }
  Envelope envelope = envelope_of(scores, score_columns(task), column, plot.inner_width());
  for (Points* points : {&envelope.upper, &envelope.lower}) {
    for (auto& point : *points) point.second = height_in_row(task, point.second, row);
  }
  if (!envelope.single) {
    Points outline = envelope.upper;
    outline.insert(outline.end(), envelope.lower.rbegin(), envelope.lower.rend());
    plot.area(outline, "band");
  }
  plot.line(envelope.upper, "score");
}

/// Labels reach beyond the frames that have scores; they are cut there.
VideoLabels labels_between(const VideoLabels& labels, std::size_t width, double first,
                           double last) {
  VideoLabels inside;
  for (std::size_t i = 0; i < labels.frames.size(); ++i) {
    if (labels.frames[i] < first || labels.frames[i] > last) continue;
    inside.frames.push_back(labels.frames[i]);
    const auto row = std::span(labels.values).subspan(i * width, width);
    inside.values.insert(inside.values.end(), row.begin(), row.end());
  }
  return inside;
}

std::string timeline(const ReportRun& run, const Task& task, const ChosenVideo& chosen) {
  const VideoScores* scores = scores_of(run, task, chosen.video);
  const VideoLabels* labels = labels_of(run, task, chosen.video);
  if (scores == nullptr || labels == nullptr || scores->frames.empty()) return {};
  const std::vector<std::string> names = charted_outputs(task);
  const auto rows = static_cast<double>(names.size());
  const double first = scores->frames.front(),
               last = std::max<double>(scores->frames.back(), first + 1);
  Plot plot(concat(chosen.role, " video, ", chosen.video, ": ", fixed(chosen.score, 3)),
            concat("Scores of ", names.size(), " rows over ", scores->frames.size(),
                   " frames; shaded where the label says so"),
            {.width = kWidth,
             .height = 66 + kRow * rows,
             .left = room_for_names(names, kLeft),
             .right = kRight},
            {.low = first, .high = last, .label = "frame"}, {.low = rows - .5, .high = -.5});
  plot.draw_x_axis();
  plot.name_rows(names);
  const VideoLabels inside = labels_between(*labels, label_columns(task), first, last);
  for (std::size_t column = 0; column < names.size(); ++column)
    draw_row(plot, task, *scores, inside, column);
  std::string images;
  const auto thumbnails = run.thumbnails.find(chosen.video);
  if (thumbnails != run.thumbnails.end()) {
    for (const Thumbnail& one : thumbnails->second) {
      images += element("figure", "",
                        concat("<img alt=\"frame ", one.frame, " of ", escaped(chosen.video),
                               "\" src=\"", data_uri(one.mime, one.bytes), "\">",
                               element("figcaption", "", concat("frame ", one.frame))));
    }
  }
  return (images.empty() ? "" : element("div", "class=\"thumbnails\"", images)) +
         element("div", "class=\"scroll\"", plot.svg("chart wide"));
}

/// "accuracy (emotion), F1 (symptoms) or error (pain, the RMSE)"
std::string measures_text(const std::vector<Task>& tasks) {
  std::vector<std::string> parts;
  for (const TaskKind kind : {TaskKind::kClasses, TaskKind::kBinary, TaskKind::kContinuous}) {
    std::vector<std::string> titles;
    for (const Task& task : tasks) {
      if (task.kind() == kind) titles.push_back(task.title());
    }
    if (titles.empty()) continue;
    if (kind == TaskKind::kContinuous) titles.emplace_back("the RMSE");
    const char* measure = kind == TaskKind::kClasses  ? "accuracy"
                          : kind == TaskKind::kBinary ? "F1"
                                                      : "error";
    parts.push_back(concat(measure, " (", join(titles), ")"));
  }
  if (parts.size() == 1) return parts.front();
  const std::string last = parts.back();
  parts.pop_back();
  return join(parts) + " or " + last;
}

std::string timelines_note(const std::vector<Task>& tasks) {
  const bool challenge = are_of_challenge(tasks);
  return concat(
      "Shaded: where the label is that class or has that ", challenge ? "action unit" : "output",
      ". Line: the score before smoothing, from 0 to 1 (",
      challenge ? "valence and arousal from -1 to 1" : "continuous values over their range",
      ", the label as a broken line). Videos are ranked by their own ",
      measures_text(reported_tasks(tasks)), ".");
}

}  // namespace

std::string timelines_section(const Runs& runs) {
  const std::vector<Task> tasks = tasks_of(runs);
  std::string content;
  for (const ReportRun& run : runs) {
    for (const Task& task : tasks) {
      std::string charts;
      for (const ChosenVideo& chosen : chosen_videos(run, task))
        charts += timeline(run, task, chosen);
      if (charts.empty()) continue;
      const std::string title = concat(task.title(), runs.size() > 1 ? ", " + run.files.name : "");
      content += element("details", content.empty() ? "open" : "",
                         element("summary", "", escaped(title)) + charts) +
                 "\n";
    }
  }
  if (content.empty()) return {};
  return section("timelines", "Three videos over time",
                 paragraph(timelines_note(tasks), "note") + content);
}

}  // namespace mien
