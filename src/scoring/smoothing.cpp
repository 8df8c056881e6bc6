#include "mien/scoring/smoothing.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "sliding_median.h"

namespace mien {
namespace {

constexpr std::int32_t kLastFrame = 4'000'000;
constexpr std::array kKinds = {SmoothingKind::kNone, SmoothingKind::kBox, SmoothingKind::kGaussian,
                               SmoothingKind::kMedian};

/// sums[i] = values[0] + ... + values[i-1].
std::vector<double> prefix_sums(std::span<const double> values) {
  std::vector<double> sums(values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i) sums[i + 1] = sums[i] + values[i];
  return sums;
}

/// Sums of values[i-h .. i+h], as far as they are there.
std::vector<double> window_sums(std::span<const double> values, std::size_t h) {
  const std::vector<double> sums = prefix_sums(values);
  const std::size_t n = values.size();
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = sums[std::min(n, i + h + 1)] - sums[i - std::min(i, h)];
  return out;
}

std::vector<double> box(std::span<const double> values, std::size_t h) {
  std::vector<double> out = window_sums(values, h);
  const std::size_t n = values.size();
  for (std::size_t i = 0; i < n; ++i) {
    out[i] /= static_cast<double>(std::min(n, i + h + 1) - (i - std::min(i, h)));
  }
  return out;
}

/// The three boxes' sums with nothing before and after the values.
std::vector<double> gaussian_sums(std::span<const double> values, std::size_t h) {
  std::vector<double> padded(values.size() + 2 * h);
  std::ranges::copy(values, padded.begin() + static_cast<std::ptrdiff_t>(h));
  for (std::size_t pass = 0; pass < 3; ++pass) {
    padded = window_sums(padded, h / 3 + (pass < h % 3 ? 1 : 0));
  }
  const auto first = padded.begin() + static_cast<std::ptrdiff_t>(h);
  return {first, first + static_cast<std::ptrdiff_t>(values.size())};
}

std::vector<double> gaussian(std::span<const double> values, std::size_t h) {
  std::vector<double> out = gaussian_sums(values, h);
  const std::vector<double> weights = gaussian_sums(std::vector<double>(values.size(), 1.0), h);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] /= weights[i];
  return out;
}

/// Every frame from 1 (or an earlier first one) to the last.
std::vector<std::int32_t> timeline_of(const VideoScores& scores) {
  const std::int32_t last = scores.frames.back();
  if (last > kLastFrame) {
    throw InputError("video", scores.video,
                     concat("has frame ", last, ": expected at most ", kLastFrame,
                            " to smooth over (mien evaluate --raw goes without)"));
  }
  const std::int32_t first = std::min(1, scores.frames.front());
  std::vector<std::int32_t> frames(static_cast<std::size_t>(last - first) + 1);
  std::iota(frames.begin(), frames.end(), first);
  return frames;
}

}  // namespace

std::string smoothing_name(SmoothingKind kind) {
  switch (kind) {
    case SmoothingKind::kNone:
      return "none";
    case SmoothingKind::kBox:
      return "box";
    case SmoothingKind::kGaussian:
      return "gaussian";
    case SmoothingKind::kMedian:
      break;
  }
  return "median";
}

SmoothingKind smoothing_from_name(std::string_view name, const std::string& what) {
  std::vector<std::string> names;
  for (const SmoothingKind kind : kKinds) {
    names.push_back(smoothing_name(kind));
    if (names.back() == name) return kind;
  }
  throw InputError(what, std::string(name), "expected one of " + join(names),
                   nearest_match(name, names));
}

std::vector<double> smooth(std::span<const double> values, const Smoothing& smoothing) {
  // A window beyond the whole video is the whole video, but a Gaussian's weights still differ.
  const auto h = static_cast<std::size_t>(std::max(0, smoothing.half_window));
  switch (smoothing.kind) {
    case SmoothingKind::kBox:
      return box(values, h);
    case SmoothingKind::kGaussian:
      return gaussian(values, h);
    case SmoothingKind::kMedian:
      return sliding_median(values, h);
    case SmoothingKind::kNone:
      break;
  }
  return {values.begin(), values.end()};
}

std::vector<float> smoothed(const VideoScores& scores, std::size_t columns,
                            const Smoothing& smoothing, std::span<const std::int32_t> frames) {
  if (smoothing.kind == SmoothingKind::kNone || !scores.film) {
    return interpolate(scores, columns, frames);
  }
  const std::vector<std::int32_t> timeline = timeline_of(scores);
  const std::vector<float> dense = interpolate(scores, columns, timeline);
  std::vector<float> out(frames.size() * columns);
  std::vector<double> column(timeline.size());
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = dense[i * columns + c];
    const std::vector<double> smooth_column = smooth(column, smoothing);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const std::int32_t at = std::clamp(frames[i], timeline.front(), timeline.back());
      out[i * columns + c] =
          static_cast<float>(smooth_column[static_cast<std::size_t>(at - timeline.front())]);
    }
  }
  return out;
}

TaskScores smoothed(const TaskScores& scores, const Smoothing& smoothing) {
  if (smoothing.kind == SmoothingKind::kNone) return scores;
  TaskScores out{scores.task, {}};
  const std::size_t columns = score_columns(scores.task);
  for (const VideoScores& video : scores.videos) {
    out.videos.push_back(video.frames.empty() || !video.film
                             ? video
                             : VideoScores{video.video, video.frames,
                                           smoothed(video, columns, smoothing, video.frames)});
  }
  return out;
}

}  // namespace mien
