#include "mien/evaluation/evaluate.h"

#include <algorithm>
#include <stdexcept>

#include "alignment.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "tallies.h"

namespace mien {
namespace {

bool has_valid_row(const LabelSet& labels, const VideoLabels& video, AuPolicy policy) {
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    if (is_scored_row(labels.task, labels.row(video, i), policy)) return true;
  }
  return false;
}

/// One Tally a video with scored frames; what is missing goes into `result`.
template <class Tally>
std::vector<Tally> tallies_of(const TaskDecisions& decisions, const LabelSet& labels,
                              const EvaluationOptions& options, TaskResult& result) {
  const Prior prior = options.prior.empty() ? prior_of(labels) : options.prior;
  const std::vector<double> prior_row = decide(labels.task, prior);
  std::vector<Tally> videos;
  std::int64_t used_decisions = 0, all_decisions = 0;
  for (const VideoLabels& video : decisions.videos) {
    all_decisions += static_cast<std::int64_t>(video.frames.size());
  }
  for (const VideoLabels& video : labels.videos) {
    const AlignedVideo rows = align(labels, video, decisions, options, prior_row);
    result.frames += rows.frames;
    result.missing_frames += rows.missing;
    result.filled_frames += rows.filled;
    used_decisions += rows.frames - rows.filled;
    if (rows.missing > 0 && find_video(decisions.videos, video.video) == nullptr) {
      result.missing_videos.push_back(video.video);
    }
    if (rows.frames == 0) continue;
    const Tally& tally = videos.emplace_back(tally_of<Tally>(rows, options.au_policy));
    result.by_video.push_back({video.video, tally.own_score(), rows.frames});
  }
  result.ignored_frames = all_decisions - used_decisions;
  return videos;
}

void require_overlap(const TaskDecisions& decisions, const LabelSet& labels,
                     const EvaluationOptions& options, const TaskResult& result) {
  const std::string task = task_name(labels.task);
  if (result.frames > result.filled_frames) return;
  const auto labelled = std::ranges::find_if(labels.videos, [&](const VideoLabels& video) {
    return has_valid_row(labels, video, options.au_policy);
  });
  if (labelled == labels.videos.end()) {
    throw InputError(task + " labels of the " + split_name(labels.split) + " split",
                     concat(labels.videos.size(), " videos"),
                     "expected a frame with a valid label");
  }
  const std::string decided =
      decisions.videos.empty() ? std::string("none") : decisions.videos.front().video;
  throw InputError(task + " predictions",
                   concat(decisions.videos.size(), " videos, the first ", decided),
                   concat("expected frames that the ", split_name(labels.split),
                          " split labels, none is; its first video is ", labelled->video));
}

/// Ties keep the order of the names.
void sort_worst_first(std::vector<VideoScore>& videos, Task task) {
  if (task == Task::kVa) {  // an error: the largest is the worst
    std::ranges::stable_sort(videos, std::ranges::greater{}, &VideoScore::score);
  } else {
    std::ranges::stable_sort(videos, {}, &VideoScore::score);
  }
}

template <class Tally>
TaskResult evaluate_as(const TaskDecisions& decisions, const LabelSet& labels,
                       const EvaluationOptions& options) {
  TaskResult result;
  result.task = labels.task;
  result.au_policy = options.au_policy;
  const auto videos = tallies_of<Tally>(decisions, labels, options, result);
  require_overlap(decisions, labels, options, result);
  sort_worst_first(result.by_video, labels.task);
  result.videos = static_cast<std::int64_t>(videos.size());
  const Tally total = pooled(videos, std::vector<std::int32_t>(videos.size(), 1));
  total.describe(result);
  const auto estimates = bootstrap(
      videos.size(), [&videos](auto draw) { return pooled(videos, draw).statistics(); },
      options.bootstrap);
  result.score = estimates.front();
  for (std::size_t i = 0; i < result.parts.size(); ++i) result.parts[i].score = estimates[i + 1];
  if constexpr (requires { majority_baseline(total.counts, options.prior); }) {
    result.baseline = majority_baseline(total.counts, options.prior);
  }
  return result;
}

}  // namespace

std::string video_measure(Task task) {
  return task == Task::kExpr ? "accuracy" : task == Task::kAu ? "pooled_f1" : "rmse";
}

std::vector<VideoScore> TaskResult::worst_decile() const {
  const std::ptrdiff_t count = (std::ssize(by_video) + 9) / 10;
  return {by_video.begin(), by_video.begin() + count};
}

TaskResult evaluate_task(const TaskDecisions& decisions, const LabelSet& labels,
                         const EvaluationOptions& options) {
  if (decisions.task != labels.task) {
    throw InputError("predictions' task", task_name(decisions.task),
                     "expected the labels' task, " + task_name(labels.task));
  }
  if (!options.prior.empty() && options.prior.size() != score_columns(labels.task)) {
    throw std::logic_error("evaluate_task: a prior of another task");
  }
  switch (labels.task) {
    case Task::kExpr:
      return evaluate_as<ExprTally>(decisions, labels, options);
    case Task::kAu:
      return evaluate_as<AuTally>(decisions, labels, options);
    case Task::kVa:
      break;
  }
  return evaluate_as<VaTally>(decisions, labels, options);
}

TaskScores interpolated_at_labels(const TaskScores& probabilities, const LabelSet& labels,
                                  const Smoothing& smoothing) {
  const std::size_t columns = score_columns(probabilities.task);
  TaskScores out{probabilities.task, {}};
  for (const VideoScores& video : probabilities.videos) {
    const auto labelled =
        std::ranges::lower_bound(labels.videos, video.video, {}, &VideoLabels::video);
    if (labelled == labels.videos.end() || labelled->video != video.video || video.frames.empty()) {
      continue;
    }
    out.videos.push_back(
        {video.video, labelled->frames, smoothed(video, columns, smoothing, labelled->frames)});
  }
  return out;
}

}  // namespace mien
