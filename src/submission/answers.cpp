#include "answers.h"

#include <algorithm>

#include "mien/data/challenge.h"

namespace mien {
namespace {

std::vector<double> decided(SubmissionTask task, const Task& source,
                            std::span<const float> probabilities, const DecisionRule& rule) {
  if (task != SubmissionTask::kCe) return decide(source, probabilities, rule);
  std::vector<double> compounds;
  for (std::size_t at = 0; at < probabilities.size(); at += kExpressions) {
    compounds.push_back(static_cast<double>(compound_of(probabilities.subspan(at, kExpressions))));
  }
  return compounds;
}

}  // namespace

std::vector<SubmissionPart> sources_of(SubmissionTask task) {
  if (task == SubmissionTask::kCe) return {{expr_task(), 0, 1}};
  return parts_of(task);
}

VideoAnswers::VideoAnswers(SubmissionTask task, const std::string& video,
                           std::vector<std::int32_t> frames, const ScoreSource& source)
    : task_(task),
      frames_(std::move(frames)),
      values_(frames_.size() * submission_columns(task)),
      interpolated_(frames_.size(), false) {
  answer(source, video);
}

void VideoAnswers::answer(const ScoreSource& scored, const std::string& video) {
  const std::size_t columns = submission_columns(task_);
  for (const SubmissionPart& source : sources_of(task_)) {
    const VideoScores* scores = usable_scores(scored.probabilities.at(source.task), video);
    if (scores != nullptr && !scores->film) scores = nullptr;  // its numbers are no frames
    const DecisionRule rule = rule_for(scored.rules, source.task);
    std::vector<double> decisions;
    if (scores != nullptr) {
      const auto rows = smoothed(*scores, score_columns(source.task), rule.smoothing, frames_);
      decisions = decided(task_, source.task, rows, rule);
      for (std::size_t i = 0; i < frames_.size(); ++i) {
        if (!std::ranges::binary_search(scores->frames, frames_[i])) interpolated_[i] = true;
      }
    } else {
      has_scores_ = false;
      decisions = decided(task_, source.task, prior_for(source.task, scored.priors, video), {});
    }
    // A prior is one row for all frames.
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const std::size_t from = scores != nullptr ? i * source.count : 0;
      std::copy_n(decisions.begin() + static_cast<std::ptrdiff_t>(from), source.count,
                  values_.begin() + static_cast<std::ptrdiff_t>(i * columns + source.first));
    }
  }
}

std::size_t VideoAnswers::position_of(std::int32_t frame) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(frames_, frame) - frames_.begin());
}

std::span<const double> VideoAnswers::row(std::int32_t frame) const {
  const std::size_t columns = submission_columns(task_);
  return std::span(values_).subspan(position_of(frame) * columns, columns);
}

bool VideoAnswers::interpolated(std::int32_t frame) const {
  return interpolated_[position_of(frame)];
}

}  // namespace mien
