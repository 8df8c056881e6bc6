#include "mien/evaluation/evaluate.h"

#include <algorithm>
#include <stdexcept>

#include "alignment.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "tallies.h"

namespace mien {
namespace {

bool has_scored_row(const LabelSet& labels, const VideoLabels& video, PartlyKnown policy) {
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    if (is_scored_row(labels.row(video, i), policy)) return true;
  }
  return false;
}

/// The counts of what the bootstrap draws; what is missing goes into `result`.
Units units_of(const TaskDecisions& decisions, const LabelSet& labels,
               const EvaluationOptions& options, TaskResult& result) {
  const Prior prior = options.prior.empty() ? prior_of(labels) : options.prior;
  const std::vector<double> prior_row = decide(labels.task, prior);
  Units units(labels);
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
    units.add(video, rows);
    result.by_video.push_back({video.video, own_score(labels.task, rows), rows.frames});
  }
  result.ignored_frames = all_decisions - used_decisions;
  return units;
}

/// Why no label counts, and what would help.
std::string without_labels_text(const LabelSet& labels, PartlyKnown policy) {
  const bool any_known = std::ranges::any_of(labels.videos, [&](const VideoLabels& video) {
    return has_scored_row(labels, video, PartlyKnown::kMaskValue);
  });
  if (policy == PartlyKnown::kDropRow && any_known) {
    return "expected a frame that is labelled for every output (--partly-known mask scores each "
           "output on the frames that know it)";
  }
  return "expected a frame with a valid label";
}

void require_overlap(const TaskDecisions& decisions, const LabelSet& labels,
                     const EvaluationOptions& options, const TaskResult& result) {
  const std::string task = task_name(labels.task);
  if (result.frames > result.filled_frames) return;
  const PartlyKnown policy = policy_of(options, labels);
  const auto labelled = std::ranges::find_if(labels.videos, [&](const VideoLabels& video) {
    return has_scored_row(labels, video, policy);
  });
  if (labelled == labels.videos.end()) {
    throw InputError(task + " labels of the " + split_name(labels.split) + " split",
                     concat(labels.videos.size(), " videos"), without_labels_text(labels, policy));
  }
  const std::string decided =
      decisions.videos.empty() ? std::string("none") : decisions.videos.front().video;
  throw InputError(task + " predictions",
                   concat(decisions.videos.size(), " videos, the first ", decided),
                   concat("expected frames that the ", split_name(labels.split),
                          " split labels, none is; its first video is ", labelled->video));
}

/// Ties keep the order of the names.
void sort_worst_first(std::vector<VideoScore>& videos, const Task& task) {
  if (task.is_continuous()) {  // an error: the largest is the worst
    std::ranges::stable_sort(videos, std::ranges::greater{}, &VideoScore::score);
  } else {
    std::ranges::stable_sort(videos, {}, &VideoScore::score);
  }
}

}  // namespace

std::string video_measure(const Task& task) {
  return task.is_classes() ? "accuracy" : task.is_binary() ? "pooled_f1" : "rmse";
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
  TaskResult result;
  result.task = labels.task;
  result.partly_known = policy_of(options, labels);
  const Units units = units_of(decisions, labels, options, result);
  require_overlap(decisions, labels, options, result);
  sort_worst_first(result.by_video, labels.task);
  result.videos = std::ssize(result.by_video);
  const std::vector<TaskCounts>& counts = units.counts();
  if (units.are_groups()) result.groups = std::ssize(counts);
  const TaskCounts total = pooled(counts);
  const std::vector<bool> chosen = total.in_mean(result.partly_known);
  describe(total, chosen, result);
  const auto estimates = bootstrap(
      counts.size(),
      [&](auto draw) { return statistics_of(pooled(counts, draw), result.partly_known); },
      options.bootstrap);
  result.score = estimates.front();
  for (std::size_t i = 0; i < result.parts.size(); ++i) result.parts[i].score = estimates[i + 1];
  result.baseline = majority_baseline(total, chosen, options.prior);
  return result;
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
    if (!video.film) {  // images stand alone: those without scores stay without
      out.videos.push_back(video);
      continue;
    }
    out.videos.push_back(
        {video.video, labelled->frames, smoothed(video, columns, smoothing, labelled->frames)});
  }
  return out;
}

}  // namespace mien
