#include "mien/evaluation/compare.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "alignment.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "tallies.h"

namespace mien {
namespace {

constexpr std::int64_t kExactBelow = 25;

struct PairedTallies {
  Units first, second;  ///< of the same videos
  std::int64_t frames = 0, videos = 0;
  McNemar mcnemar;

  explicit PairedTallies(const LabelSet& labels) : first(labels), second(labels) {}
};

/// Where one is right and the other is not.
void count_differences(const AlignedVideo& a, const AlignedVideo& b, McNemar& counts) {
  for (std::size_t i = 0; i < a.truth.size(); ++i) {
    if (!is_known(a.truth[i])) continue;
    const bool first = a.prediction[i] == a.truth[i], second = b.prediction[i] == b.truth[i];
    counts.first_only += first && !second ? 1 : 0;
    counts.second_only += second && !first ? 1 : 0;
  }
}

PairedTallies paired_tallies(const TaskDecisions& first, const TaskDecisions& second,
                             const LabelSet& labels, const EvaluationOptions& options) {
  const std::vector<double> no_prior(label_columns(labels.task));
  PairedTallies paired(labels);
  for (const VideoLabels& video : labels.videos) {
    const AlignedVideo a = align(labels, video, first, options, no_prior);
    const AlignedVideo b = align(labels, video, second, options, no_prior);
    if (a.frames == 0) continue;
    paired.first.add(video, a);
    paired.second.add(video, b);
    paired.frames += a.frames;
    ++paired.videos;
    count_differences(a, b, paired.mcnemar);
  }
  return paired;
}

/// Labelled frames that `decisions` answers.
std::int64_t scored_frames(const TaskDecisions& decisions, const LabelSet& labels,
                           const EvaluationOptions& options) {
  const std::vector<double> no_prior(label_columns(labels.task));
  std::int64_t frames = 0;
  for (const VideoLabels& video : labels.videos) {
    frames += align(labels, video, decisions, options, no_prior).frames;
  }
  return frames;
}

ComparedScore compared(const BootstrapSample& sample, std::size_t index, std::size_t numbers,
                       std::string name) {
  return {std::move(name), sample.estimate(index), sample.estimate(numbers + index),
          sample.estimate(2 * numbers + index), sample.probability_positive(2 * numbers + index)};
}

TaskComparison compare_rows(const TaskDecisions& first, const TaskDecisions& second,
                            const LabelSet& labels, const EvaluationOptions& options) {
  const auto paired =
      paired_tallies(shared_with(first, second), shared_with(second, first), labels, options);
  if (paired.frames == 0) {
    throw InputError(task_name(labels.task) + " decisions", "both",
                     concat("expected labelled frames of the ", split_name(labels.split),
                            " split that both decide, none is"));
  }
  TaskComparison result{.task = labels.task};
  result.frames = paired.frames;
  result.videos = paired.videos;
  const std::vector<TaskCounts>& of_first = paired.first.counts();
  const std::vector<TaskCounts>& of_second = paired.second.counts();
  const PartlyKnown policy = policy_of(options, labels);
  result.frames_first_only = scored_frames(first, labels, options) - paired.frames;
  result.frames_second_only = scored_frames(second, labels, options) - paired.frames;
  const auto numbers_of = [&](auto draw) {
    std::vector<double> numbers = statistics_of(pooled(of_first, draw), policy);
    const std::vector<double> others = statistics_of(pooled(of_second, draw), policy);
    const std::size_t count = numbers.size();
    numbers.insert(numbers.end(), others.begin(), others.end());
    for (std::size_t i = 0; i < count; ++i) numbers.push_back(others[i] - numbers[i]);
    return numbers;
  };
  BootstrapSample sample = bootstrap_sample(of_first.size(), numbers_of, options.bootstrap);
  const std::size_t numbers = sample.values.size() / 3;
  result.score = compared(sample, 0, numbers, "");
  for (std::size_t i = 0; i + 1 < numbers; ++i) {
    result.parts.push_back(compared(sample, i + 1, numbers, labels.task.outputs()[i]));
  }
  if (!labels.task.is_continuous()) {
    result.mcnemar = paired.mcnemar;
    result.mcnemar->p = mcnemar_p(paired.mcnemar.first_only, paired.mcnemar.second_only);
  }
  result.difference_draws = std::move(sample.draws[2 * numbers]);
  return result;
}

void require_same_row(const LabelSet& labels, std::span<const double> first,
                      std::span<const double> second, const std::string& place,
                      const std::string& names) {
  if (same_values(first, second)) return;
  throw InputError(
      task_name(labels.task) + " labels of " + place, "different",
      "expected the same labels for " + names + " (--annotations gives both the same)");
}

}  // namespace

double mcnemar_p(std::int64_t first_only, std::int64_t second_only) {
  const std::int64_t cases = first_only + second_only;
  const auto n = static_cast<double>(cases);
  if (cases >= kExactBelow) {
    const double apart = std::max(0.0, std::abs(static_cast<double>(first_only - second_only)) - 1);
    return std::erfc(apart / std::sqrt(n) / std::numbers::sqrt2);
  }
  double tail = 0;  // of the smaller side or less, each case with probability 1/2
  for (std::int64_t k = 0; k <= std::min(first_only, second_only); ++k) {
    const auto i = static_cast<double>(k);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) -
                     n * std::numbers::ln2);
  }
  return std::min(1.0, 2 * tail);
}

TaskComparison compare_decisions(const TaskDecisions& first, const TaskDecisions& second,
                                 const LabelSet& labels, const EvaluationOptions& given) {
  for (const TaskDecisions* side : {&first, &second}) {
    if (side->task == labels.task) continue;
    throw InputError("predictions' task", task_name(side->task),
                     "expected the labels' task, " + task_name(labels.task));
  }
  EvaluationOptions options = given;
  options.all_frames = false;
  options.interpolated = nullptr;
  return compare_rows(first, second, labels, options);
}

LabelSet common_labels(const LabelSet& first, const LabelSet& second, const std::string& first_name,
                       const std::string& second_name) {
  LabelSet common{.task = first.task,
                  .split = first.split,
                  .files = first.files,
                  .groups = first.groups,
                  .partly_known = first.partly_known};
  for (const VideoLabels& video : first.videos) {
    const VideoLabels* other = find_video(second.videos, video.video);
    if (other == nullptr) continue;
    VideoLabels& rows = common.videos.emplace_back(VideoLabels{.video = video.video});
    std::size_t at = 0;
    for (std::size_t i = 0; i < video.frames.size(); ++i) {
      while (at < other->frames.size() && other->frames[at] < video.frames[i]) ++at;
      if (at == other->frames.size()) break;
      if (other->frames[at] != video.frames[i]) continue;
      const auto row = first.row(video, i);
      require_same_row(first, row, second.row(*other, at),
                       concat(video.video, " frame ", video.frames[i]),
                       first_name + " and " + second_name);
      rows.frames.push_back(video.frames[i]);
      if (!video.groups.empty()) rows.groups.push_back(video.groups[i]);
      rows.values.insert(rows.values.end(), row.begin(), row.end());
    }
  }
  if (common.videos.empty()) {
    throw InputError(second_name, concat(second.videos.size(), " labelled videos"),
                     concat("expected videos of the ", split_name(first.split), " split of ",
                            first_name, " (", first.videos.size(), "), none is in both"));
  }
  return common;
}

}  // namespace mien
