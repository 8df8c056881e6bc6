// From a video's logits to the answer for every frame of it.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "clip/clip_pass.h"
#include "runs/lone_run.h"

namespace mien {

/// One task's values for one person at every frame of the video.
struct ClipTask {
  Task task;
  std::vector<float> probabilities;  ///< [frames, score_columns], interpolated and smoothed
  std::vector<double> decisions;     ///< [frames, label_columns]

  std::span<const float> probabilities_at(std::size_t index) const;
  std::span<const double> decisions_at(std::size_t index) const;
};

struct ClipAnswers {
  std::string name;             ///< in the table
  std::int64_t id = 0;          ///< 0: nobody was found
  std::vector<ClipTask> tasks;  ///< in the run's order
  bool has_prior = false;       ///< no face has logits, the training prior stands throughout

  /// The person's face, with logits or a problem; nullptr: not seen there.
  const ClipFace* face_in(const ClipFrame& frame) const;

  /// Whether that face has logits.
  bool is_in(const ClipFrame& frame) const;
};

struct ClipNames {
  std::string video;
  std::set<std::string> others;  ///< of other videos in the same table
};

/// The main person under the video's name; with `everyone` the others as <video>_2, <video>_3, ...
/// in the order of their appearance, with _face behind it when that is another video's name. Throws
/// InputError when somebody has no logits and the prior is not known.
std::vector<ClipAnswers> answers_of(const Clip& clip, const LoneRun& run, const ClipNames& names,
                                    bool everyone);

}  // namespace mien
