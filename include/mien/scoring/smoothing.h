// Smoothing of a video's probabilities over time, O(n) a column for every window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mien/scoring/scores.h"

namespace mien {

/// With half-window h, frame i is made of frames i-h to i+h; at the ends of a video the window
/// holds what is there, and weights are divided by their sum.
enum class SmoothingKind {
  kNone,
  kBox,       ///< the mean; differences of prefix sums in double, so nothing drifts
  kGaussian,  ///< three boxes of half-windows h/3 (the remainder of h goes to the first) after each
              ///< other: a kernel on i-h..i+h, standard deviation about h/3 (Wells 1986)
  kMedian,  ///< of an even number the mean of the middle two; the columns of classes then need not
            ///< sum to
            ///< 1. O(n log n) for ranks, then a step costs the same whatever the window
};

inline constexpr std::int32_t kMaxHalfWindow = 100'000;

struct Smoothing {
  SmoothingKind kind = SmoothingKind::kNone;
  std::int32_t half_window = 0;  ///< frames; 0 exactly with kNone

  bool operator==(const Smoothing&) const = default;
};

/// "none", "box", "gaussian", "median".
std::string smoothing_name(SmoothingKind kind);
/// Throws InputError (naming `what`) for any other name; suggests the near miss.
SmoothingKind smoothing_from_name(std::string_view name, const std::string& what);

/// One column of consecutive frames.
std::vector<double> smooth(std::span<const double> values, const Smoothing& smoothing);

/// Probabilities at `frames` (ascending, any numbers): interpolated over every frame from 1 to the
/// last that `scores` has, smoothed over those, read at `frames`; a frame after the last has the
/// last one's value. So what a frame gets depends on the video's scores only, never on which frames
/// are asked for. Without smoothing this is interpolate(). Throws InputError for a video whose last
/// frame number is beyond 4,000,000.
std::vector<float> smoothed(const VideoScores& scores, std::size_t columns,
                            const Smoothing& smoothing, std::span<const std::int32_t> frames);

/// The same for every video at its own frames.
TaskScores smoothed(const TaskScores& scores, const Smoothing& smoothing);

}  // namespace mien
