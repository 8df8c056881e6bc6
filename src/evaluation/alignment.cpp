#include "alignment.h"

#include <algorithm>

#include "mien/data/frame_base.h"

namespace mien {
namespace {

std::span<const double> row_at(const VideoLabels& video, std::size_t index, std::size_t columns) {
  return std::span(video.values).subspan(index * columns, columns);
}

/// Index of the first frame that is not before `frame`.
std::size_t position_of(const VideoLabels& video, std::int32_t frame) {
  return static_cast<std::size_t>(std::ranges::lower_bound(video.frames, frame) -
                                  video.frames.begin());
}

bool has_frame(const VideoLabels& video, std::size_t position, std::int32_t frame) {
  return position < video.frames.size() && video.frames[position] == frame;
}

/// The nearest decided frame's values, of two the earlier's; continuous values
/// linear between both.
std::vector<double> from_neighbours(const Task& task, const VideoLabels& decided,
                                    std::int32_t frame) {
  const std::size_t columns = label_columns(task);
  const std::size_t after = position_of(decided, frame);
  const std::size_t right = std::min(after, decided.frames.size() - 1);
  const std::size_t left = after == 0 ? 0 : after - 1;
  if (task.is_continuous()) {
    const auto first = row_at(decided, left, columns), last = row_at(decided, right, columns);
    const double span = static_cast<double>(decided.frames[right]) - decided.frames[left];
    const double share =
        span > 0 ? std::clamp((static_cast<double>(frame) - decided.frames[left]) / span, 0., 1.)
                 : 0;
    std::vector<double> between(columns);
    for (std::size_t c = 0; c < columns; ++c) between[c] = first[c] + (last[c] - first[c]) * share;
    return between;
  }
  const std::int64_t to_left = std::int64_t{frame} - decided.frames[left];
  const std::int64_t to_right = std::int64_t{decided.frames[right]} - frame;
  const bool earlier = after > 0 && (after == decided.frames.size() || to_left <= to_right);
  const auto row = row_at(decided, earlier ? left : right, columns);
  return {row.begin(), row.end()};
}

/// Where the values of frames without a decision come from, best first.
class Filler {
 public:
  Filler(const LabelSet& labels, const VideoLabels& video, const VideoLabels* decided,
         const EvaluationOptions& options, std::span<const double> prior_row)
      : task_(labels.task), decided_(decided), prior_row_(prior_row) {
    if (options.interpolated != nullptr) {
      interpolated_ = find_video(options.interpolated->videos, video.video);
    }
  }

  std::vector<double> values_at(std::int32_t frame) const {
    if (interpolated_ != nullptr) {
      const std::size_t at = position_of(*interpolated_, frame);
      if (has_frame(*interpolated_, at, frame)) {
        const auto row = row_at(*interpolated_, at, label_columns(task_));
        return {row.begin(), row.end()};
      }
    }
    if (decided_ != nullptr) return from_neighbours(task_, *decided_, frame);
    return {prior_row_.begin(), prior_row_.end()};
  }

 private:
  Task task_;
  const VideoLabels* decided_;
  const VideoLabels* interpolated_ = nullptr;
  std::span<const double> prior_row_;
};

}  // namespace

PartlyKnown policy_of(const EvaluationOptions& options, const LabelSet& labels) {
  return options.partly_known.value_or(labels.partly_known);
}

const VideoLabels* find_video(const std::vector<VideoLabels>& videos, const std::string& name) {
  const auto found = std::ranges::lower_bound(videos, name, {}, &VideoLabels::video);
  const bool usable = found != videos.end() && found->video == name && !found->frames.empty();
  return usable ? &*found : nullptr;
}

AlignedVideo align(const LabelSet& labels, const VideoLabels& video, const TaskDecisions& decisions,
                   const EvaluationOptions& options, std::span<const double> prior_row) {
  const std::size_t columns = label_columns(labels.task);
  const VideoLabels* decided = find_video(decisions.videos, video.video);
  if (decided != nullptr) {
    require_same_base("predictions", video.video, decided->frames, video.frames);
  }
  const Filler filler(labels, video, decided, options, prior_row);
  AlignedVideo out;
  const PartlyKnown policy = policy_of(options, labels);
  const auto add = [&out](std::size_t position, std::span<const double> truth,
                          std::span<const double> prediction) {
    out.positions.push_back(position);
    out.truth.insert(out.truth.end(), truth.begin(), truth.end());
    out.prediction.insert(out.prediction.end(), prediction.begin(), prediction.end());
    ++out.frames;
  };
  std::size_t at = 0;
  std::int64_t matched = 0;
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    const auto truth = labels.row(video, i);
    if (!is_scored_row(truth, policy)) continue;
    const std::int32_t frame = video.frames[i];
    while (decided != nullptr && at < decided->frames.size() && decided->frames[at] < frame) ++at;
    if (decided != nullptr && has_frame(*decided, at, frame)) {
      add(i, truth, row_at(*decided, at, columns));
      ++matched;
      continue;
    }
    ++out.missing;
    if (!options.all_frames) continue;
    add(i, truth, filler.values_at(frame));
    ++out.filled;
  }
  out.ignored =
      (decided == nullptr ? 0 : static_cast<std::int64_t>(decided->frames.size())) - matched;
  return out;
}

}  // namespace mien
