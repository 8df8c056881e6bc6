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

void to_probabilities(Task task, std::vector<float>& values) {
  if (task == Task::kExpr) {
    const std::size_t columns = score_columns(task);
    for (std::size_t at = 0; at + columns <= values.size(); at += columns) {
      softmax_row(std::span(values).subspan(at, columns));
    }
  } else {
    std::ranges::transform(values, values.begin(),
                           task == Task::kAu ? logistic : hyperbolic_tangent);
  }
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

std::vector<double> decide(Task task, std::span<const float> probabilities) {
  std::vector<double> out;
  if (task == Task::kExpr) {
    const std::size_t columns = score_columns(task);
    out.reserve(probabilities.size() / columns);
    for (std::size_t at = 0; at + columns <= probabilities.size(); at += columns) {
      const auto row = probabilities.subspan(at, columns);
      out.push_back(static_cast<double>(std::ranges::max_element(row) - row.begin()));
    }
    return out;
  }
  out.reserve(probabilities.size());
  for (const float p : probabilities) {
    out.push_back(task == Task::kAu ? (p >= 0.5F ? 1. : 0.) : std::clamp<double>(p, -1, 1));
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
