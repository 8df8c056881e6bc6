#include "mien/scoring/scores.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace mien {
namespace {

void softmax_row(std::span<float> row) {
  const double largest = *std::ranges::max_element(row);
  double sum = 0;
  for (const float logit : row) sum += std::exp(logit - largest);
  for (float& value : row) value = static_cast<float>(std::exp(value - largest) / sum);
}

/// 1 / (1 + e^-x) without an overflow on either side.
float logistic(double x) {
  const double decay = std::exp(-std::abs(x));
  return static_cast<float>((x >= 0 ? 1.0 : decay) / (1.0 + decay));
}

float hyperbolic_tangent(double x) {
  return static_cast<float>(std::tanh(x));
}

/// From [-1, 1] to a task's range; the very same number where that is [-1, 1].
float scaled(double value, const ValueRange& range) {
  if (range == ValueRange()) return static_cast<float>(value);
  return static_cast<float>(range.low + (range.high - range.low) * (value + 1) / 2);
}

void to_probabilities(const Task& task, std::vector<float>& values) {
  switch (task.kind()) {
    case TaskKind::kClasses: {
      const std::size_t columns = score_columns(task);
      for (std::size_t at = 0; at + columns <= values.size(); at += columns) {
        softmax_row(std::span(values).subspan(at, columns));
      }
      return;
    }
    case TaskKind::kBinary:
      std::ranges::transform(values, values.begin(), logistic);
      return;
    case TaskKind::kContinuous:
      std::ranges::transform(values, values.begin(), [range = task.range()](double x) {
        return scaled(hyperbolic_tangent(x), range);
      });
  }
}

/// Values of images that all have scores.
std::vector<float> own_values(const VideoScores& scores, std::size_t columns,
                              std::span<const std::int32_t> frames) {
  std::vector<float> out;
  for (const std::int32_t frame : frames) {
    const auto found = std::ranges::lower_bound(scores.frames, frame);
    if (found == scores.frames.end() || *found != frame) {
      throw std::logic_error("interpolate: an image without scores");
    }
    const auto first = scores.values.begin() +
                       (found - scores.frames.begin()) * static_cast<std::ptrdiff_t>(columns);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(columns));
  }
  return out;
}

}  // namespace

const VideoScores* usable_scores(const TaskScores& scores, const std::string& video) {
  const auto found = std::ranges::lower_bound(scores.videos, video, {}, &VideoScores::video);
  const bool usable =
      found != scores.videos.end() && found->video == video && !found->frames.empty();
  return usable ? &*found : nullptr;
}

TaskScores probabilities_of(const TaskScores& logits) {
  TaskScores probabilities = logits;
  for (VideoScores& video : probabilities.videos) to_probabilities(logits.task, video.values);
  return probabilities;
}

std::vector<float> interpolate(const VideoScores& scores, std::size_t columns,
                               std::span<const std::int32_t> frames) {
  const std::vector<std::int32_t>& known = scores.frames;
  if (known.empty()) throw std::logic_error("interpolate: a video without scores");
  if (!scores.film) return own_values(scores, columns, frames);
  std::vector<float> out;
  out.reserve(frames.size() * columns);
  std::size_t after = 0;  // the first known frame that is not before the wanted one
  for (const std::int32_t frame : frames) {
    while (after < known.size() && known[after] < frame) ++after;
    const std::size_t right = std::min(after, known.size() - 1);
    const bool alone = after == 0 || after == known.size() || known[after] == frame;
    const std::size_t left = alone ? right : right - 1;
    const float* a = scores.values.data() + left * columns;
    const float* b = scores.values.data() + right * columns;
    // In double: the difference of two frame numbers may exceed 32 bits.
    const double share =
        alone ? 0.0 : (double{1} * frame - known[left]) / (double{1} * known[right] - known[left]);
    for (std::size_t c = 0; c < columns; ++c) {
      const double from = a[c], to = b[c];
      out.push_back(alone ? a[c] : static_cast<float>(from + (to - from) * share));
    }
  }
  return out;
}

std::vector<double> decide(const Task& task, std::span<const float> probabilities) {
  std::vector<double> out;
  if (task.is_classes()) {
    const std::size_t columns = score_columns(task);
    out.reserve(probabilities.size() / columns);
    for (std::size_t at = 0; at + columns <= probabilities.size(); at += columns) {
      const auto row = probabilities.subspan(at, columns);
      out.push_back(static_cast<double>(std::ranges::max_element(row) - row.begin()));
    }
    return out;
  }
  out.reserve(probabilities.size());
  const bool binary = task.is_binary();
  const auto [low, high] = task.range();
  for (const float p : probabilities) {
    out.push_back(binary ? (p >= 0.5F ? 1. : 0.) : std::clamp<double>(p, low, high));
  }
  return out;
}

TaskDecisions decide(const TaskScores& probabilities) {
  TaskDecisions decisions{probabilities.task, {}};
  decisions.videos.reserve(probabilities.videos.size());
  for (const VideoScores& video : probabilities.videos) {
    decisions.videos.push_back(
        {video.video, video.frames, decide(probabilities.task, video.values)});
  }
  return decisions;
}

}  // namespace mien
