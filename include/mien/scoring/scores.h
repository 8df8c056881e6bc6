// Scores of a model a frame, and what is read off them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mien/data/labels.h"
#include "mien/data/tasks.h"

namespace mien {

/// One video's scores, or those of the images of one folder. Logits or probabilities, as the
/// function that gives or takes them says.
struct VideoScores {
  std::string video;
  std::vector<std::int32_t> frames;  ///< [n] ascending, unique
  std::vector<float> values;         ///< [n, score_columns(task)] row-major
  /// False for images that are no film: they stand alone, nothing is interpolated or smoothed.
  bool film = true;
};

/// One task's scores, videos in byte order of their names.
struct TaskScores {
  Task task;
  std::vector<VideoScores> videos;
};

/// One task's decisions per frame: the shape of labels (a class index, 0 or 1 per binary output,
/// values in a continuous task's range), videos in byte order of their names.
struct TaskDecisions {
  Task task;
  std::vector<VideoLabels> videos;
};

/// The video's scores; null when it has none or no frame.
const VideoScores* usable_scores(const TaskScores& scores, const std::string& video);

/// Logits to probabilities: softmax of a row (classes), logistic of an element (binary), tanh of an
/// element brought to the task's range (continuous: the values themselves). Scores that are kept or
/// handed on are logits until here.
TaskScores probabilities_of(const TaskScores& logits);

/// Probabilities at `frames` (ascending, any numbers): linear between the nearest frames that
/// `scores` has, the nearest one's values before the first and after the last. `scores` holds at
/// least one frame, and all of `frames` where it is no film. Gives [frames, columns]; a frame that
/// `scores` has keeps its values bit for bit.
std::vector<float> interpolate(const VideoScores& scores, std::size_t columns,
                               std::span<const std::int32_t> frames);

/// Argmax (the first of equals) for classes, `p >= 0.5` for binary outputs, continuous values
/// clipped to their range.
/// `probabilities` [n, score_columns] -> [n, label_columns].
std::vector<double> decide(const Task& task, std::span<const float> probabilities);

/// The same for every video.
TaskDecisions decide(const TaskScores& probabilities);

}  // namespace mien
