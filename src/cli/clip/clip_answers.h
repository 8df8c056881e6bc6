// From a video's logits to the answer for every frame of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "clip/clip_pass.h"
#include "runs/lone_run.h"

namespace mien {

/// One task's values for one person at every frame of the video.
struct ClipTask {
  Task task = Task::kExpr;
  std::vector<float> probabilities;  ///< [frames, score_columns], interpolated and smoothed
  std::vector<double> decisions;     ///< [frames, label_columns]

  std::span<const float> probabilities_at(std::size_t index) const;
  std::span<const double> decisions_at(std::size_t index) const;
};

struct ClipAnswers {
  std::string name;     ///< the video's, with _2, _3, ... for further people
  std::int64_t id = 0;  ///< 0: nobody was found, the training prior stands throughout
  std::vector<ClipTask> tasks;

  bool is_in(const ClipFrame& frame) const;
};

/// The main person as `name`; with `everyone` the others as <name>_2, <name>_3, ... in the order of
/// their appearance. Throws InputError when nobody is there and the prior is not known.
std::vector<ClipAnswers> answers_of(const Clip& clip, const LoneRun& run, const std::string& name,
                                    bool everyone);

}  // namespace mien
