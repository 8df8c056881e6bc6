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

const VideoScores* scores_of(const ReportRun& run, Task task, const std::string& video) {
  const auto scores = run.probabilities.find(task);
  if (scores == run.probabilities.end()) return nullptr;
  const auto found = std::ranges::find(scores->second.videos, video, &VideoScores::video);
  return found == scores->second.videos.end() ? nullptr : &*found;
}

const VideoLabels* labels_of(const ReportRun& run, Task task, const std::string& video) {
  for (const LabelSet& set : run.labels) {
    if (set.task != task) continue;
    const auto found = std::ranges::find(set.videos, video, &VideoLabels::video);
    if (found != set.videos.end()) return &*found;
  }
  return nullptr;
}

bool is_right(Task task, std::span<const float> scores, std::span<const double> row) {
  if (task == Task::kExpr) {
    return std::ranges::max_element(scores) - scores.begin() == static_cast<std::ptrdiff_t>(row[0]);
  }
  return std::ranges::equal(scores, row, [](float p, double y) { return (p >= .5F) == (y == 1); });
}

/// Share of a video's valid frames that are right.
std::optional<double> share_right(Task task, const VideoScores& scores, const VideoLabels& labels) {
  const std::size_t columns = score_columns(task), width = label_columns(task);
  double right = 0, all = 0;
  for (std::size_t i = 0; i < scores.frames.size(); ++i) {
    const auto at =
        std::ranges::lower_bound(labels.frames, scores.frames[i]) - labels.frames.begin();
    const auto place = static_cast<std::size_t>(at);
    if (place == labels.frames.size() || labels.frames[place] != scores.frames[i]) continue;
    const auto row = std::span(labels.values).subspan(place * width, width);
    if (!is_valid_row(task, row)) continue;
    ++all;
    right += is_right(task, std::span(scores.values).subspan(i * columns, columns), row);
  }
  if (all == 0) return {};
  return right / all;
}

/// All videos with scores and labels and their score, the worst first.
std::vector<ChosenVideo> ranked(const ReportRun& run, Task task) {
  std::vector<ChosenVideo> videos;
  const std::string name = task_name(task);
  if (run.files.has_task(name) && run.files.task(name).contains("per_video")) {
    for (const auto& entry : run.files.task(name)["per_video"]) {
      const std::string video = text_at(entry, "/video");
      if (scores_of(run, task, video) == nullptr || labels_of(run, task, video) == nullptr)
        continue;
      videos.push_back({"", video, number_at(entry, "/score").value_or(0)});
    }
    return videos;
  }
  if (task == Task::kVa || !run.probabilities.contains(task)) return videos;
  for (const VideoScores& scores : run.probabilities.at(task).videos) {
    const VideoLabels* labels = labels_of(run, task, scores.video);
    if (labels == nullptr) continue;
    if (const auto share = share_right(task, scores, *labels))
      videos.push_back({"", scores.video, *share});
  }
  std::ranges::stable_sort(videos, {}, &ChosenVideo::score);
  return videos;
}

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
double height_in_row(Task task, double value, double row) {
  const double share =
      task == Task::kVa ? (std::clamp(value, -1., 1.) + 1) / 2 : std::clamp(value, 0., 1.);
  return row + .42 - .84 * share;
}

void draw_row(Plot& plot, Task task, const VideoScores& scores, const VideoLabels& labels,
              std::size_t column) {
  const auto row = static_cast<double>(column);
  const double first = scores.frames.front(), last = scores.frames.back();
  const std::size_t width = label_columns(task);
  const auto value = [&](std::size_t i) {
    return labels.values[i * width + (width == 1 ? 0 : column)];
  };
  if (task == Task::kVa) {
    Points truth;
    for (std::size_t i = 0; i < labels.frames.size(); ++i) {
      const bool valid = is_valid_value(task, value(i));
      truth.emplace_back(labels.frames[i], valid ? height_in_row(task, value(i), row) : NAN);
    }
    plot.line(truth, "truth-line");
  } else {
    const double wanted = task == Task::kExpr ? row : 1;
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

std::string timeline(const ReportRun& run, Task task, const ChosenVideo& chosen) {
  const VideoScores* scores = scores_of(run, task, chosen.video);
  const VideoLabels* labels = labels_of(run, task, chosen.video);
  if (scores == nullptr || labels == nullptr || scores->frames.empty()) return {};
  const std::vector<std::string> names = score_names(task);
  const auto rows = static_cast<double>(names.size());
  const double first = scores->frames.front(),
               last = std::max<double>(scores->frames.back(), first + 1);
  Plot plot(concat(chosen.role, " video, ", chosen.video, ": ", fixed(chosen.score, 3)),
            concat("Scores of ", names.size(), " rows over ", scores->frames.size(),
                   " frames; shaded where the label says so"),
            {.width = kWidth, .height = 66 + kRow * rows, .left = kLeft, .right = kRight},
            {.low = first, .high = last, .label = "frame"}, {.low = rows - .5, .high = -.5});
  plot.draw_x_axis();
  plot.name_rows(names);
  // Labels reach beyond the frames that have scores; they are cut there.
  VideoLabels inside{labels->video, {}, {}};
  const std::size_t width = label_columns(task);
  for (std::size_t i = 0; i < labels->frames.size(); ++i) {
    if (labels->frames[i] < first || labels->frames[i] > last) continue;
    inside.frames.push_back(labels->frames[i]);
    inside.values.insert(inside.values.end(),
                         labels->values.begin() + static_cast<std::ptrdiff_t>(i * width),
                         labels->values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
  }
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

}  // namespace

std::vector<ChosenVideo> chosen_videos(const ReportRun& run, Task task) {
  std::vector<ChosenVideo> videos = ranked(run, task);
  if (videos.empty()) return {};
  if (task == Task::kVa)
    std::ranges::sort(videos, std::ranges::greater(),
                      &ChosenVideo::score);  // an error: less is better
  std::vector<ChosenVideo> chosen;
  const auto add = [&](const char* role, ChosenVideo video) {
    if (std::ranges::find(chosen, video.video, &ChosenVideo::video) != chosen.end()) return;
    video.role = role;
    chosen.push_back(std::move(video));
  };
  add("best", videos.back());
  add("median", videos[videos.size() / 2]);
  add("worst", videos.front());
  return chosen;
}

std::vector<std::int32_t> thumbnail_frames(const VideoScores& scores, std::size_t count) {
  std::vector<std::int32_t> frames;
  const std::size_t n = scores.frames.size();
  for (std::size_t i = 0; i < std::min(count, n); ++i) {
    frames.push_back(scores.frames[(2 * i + 1) * n / (2 * std::min(count, n))]);
  }
  return frames;
}

std::string timelines_section(const Runs& runs) {
  std::string content;
  for (const ReportRun& run : runs) {
    for (const Task task : {Task::kExpr, Task::kAu, Task::kVa}) {
      std::string charts;
      for (const ChosenVideo& chosen : chosen_videos(run, task))
        charts += timeline(run, task, chosen);
      if (charts.empty()) continue;
      const std::string title =
          concat(metric_title(task_name(task)).substr(0, task == Task::kExpr ? 4 : 2),
                 runs.size() > 1 ? ", " + run.files.name : "");
      content += element("details", content.empty() ? "open" : "",
                         element("summary", "", escaped(title)) + charts) +
                 "\n";
    }
  }
  if (content.empty()) return {};
  return section(
      "timelines", "Three videos over time",
      paragraph(
          "Shaded: where the label is that class or has that action unit. Line: the score before "
          "smoothing, from 0 to 1 (valence and arousal from -1 to 1, the label as a broken line). "
          "Videos are ranked by their own accuracy (EXPR), F1 (AU) or error (VA, the RMSE).",
          "note") +
          content);
}

}  // namespace mien
