// Which videos a report shows.
#include <algorithm>

#include "sections.h"

namespace mien {
namespace {

const LabelSet* label_set_of(const ReportRun& run, const Task& task) {
  const auto found = std::ranges::find(run.labels, task, &LabelSet::task);
  return found == run.labels.end() ? nullptr : &*found;
}

}  // namespace

const VideoScores* scores_of(const ReportRun& run, const Task& task, const std::string& video) {
  const auto scores = run.probabilities.find(task);
  if (scores == run.probabilities.end()) return nullptr;
  const auto found = std::ranges::find(scores->second.videos, video, &VideoScores::video);
  return found == scores->second.videos.end() ? nullptr : &*found;
}

const VideoLabels* labels_of(const ReportRun& run, const Task& task, const std::string& video) {
  const LabelSet* set = label_set_of(run, task);
  if (set == nullptr) return nullptr;
  const auto found = std::ranges::find(set->videos, video, &VideoLabels::video);
  return found == set->videos.end() ? nullptr : &*found;
}

namespace {

/// Frames with scores and labels: what a timeline is drawn of.
bool can_be_drawn(const ReportRun& run, const Task& task, const std::string& video) {
  const VideoScores* scores = scores_of(run, task, video);
  return scores != nullptr && scores->film && labels_of(run, task, video) != nullptr;
}

/// Of what is known.
bool is_right(const Task& task, std::span<const float> scores, std::span<const double> row) {
  if (task.is_classes()) {
    return std::ranges::max_element(scores) - scores.begin() == static_cast<std::ptrdiff_t>(row[0]);
  }
  return std::ranges::equal(
      scores, row, [](float p, double y) { return !is_known(y) || (p >= .5F) == (y == 1); });
}

/// Share of a video's scored frames that are right.
std::optional<double> share_right(const Task& task, const VideoScores& scores,
                                  const VideoLabels& labels, PartlyKnown policy) {
  const std::size_t columns = score_columns(task), width = label_columns(task);
  double right = 0, all = 0;
  for (std::size_t i = 0; i < scores.frames.size(); ++i) {
    const auto at =
        std::ranges::lower_bound(labels.frames, scores.frames[i]) - labels.frames.begin();
    const auto place = static_cast<std::size_t>(at);
    if (place == labels.frames.size() || labels.frames[place] != scores.frames[i]) continue;
    const auto row = std::span(labels.values).subspan(place * width, width);
    if (!is_scored_row(row, policy)) continue;
    ++all;
    right += is_right(task, std::span(scores.values).subspan(i * columns, columns), row);
  }
  if (all == 0) return {};
  return right / all;
}

/// All videos with scores and labels and their score, the worst first.
std::vector<ChosenVideo> ranked(const ReportRun& run, const Task& task) {
  std::vector<ChosenVideo> videos;
  if (run.files.has_task(task) && run.files.task(task).contains("per_video")) {
    for (const auto& entry : run.files.task(task)["per_video"]) {
      const std::string video = text_at(entry, "/video");
      if (!can_be_drawn(run, task, video)) continue;
      videos.push_back({"", video, number_at(entry, "/score").value_or(0)});
    }
    return videos;
  }
  if (task.is_continuous() || !run.probabilities.contains(task)) return videos;
  for (const VideoScores& scores : run.probabilities.at(task).videos) {
    if (!can_be_drawn(run, task, scores.video)) continue;
    const VideoLabels& labels = *labels_of(run, task, scores.video);
    const PartlyKnown policy = label_set_of(run, task)->partly_known;
    if (const auto share = share_right(task, scores, labels, policy))
      videos.push_back({"", scores.video, *share});
  }
  std::ranges::stable_sort(videos, {}, &ChosenVideo::score);
  return videos;
}

}  // namespace

std::vector<ChosenVideo> chosen_videos(const ReportRun& run, const Task& task) {
  std::vector<ChosenVideo> videos = ranked(run, task);
  if (videos.empty()) return {};
  if (task.is_continuous())
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

}  // namespace mien
