// All that moves while a head is trained.
#pragma once

#include <optional>
#include <string>

#include "mien/head/head.h"
#include "mien/objective/objective.h"
#include "mien/training/input_moments.h"
#include "mien/training/options.h"
#include "mien/training/step.h"
#include "step/weight_average.h"

namespace mien {

/// The weights, the step that moves them and, with `ema`, their average.
struct Learner {
  /// At the start of a training; `objective` outlives this object.
  Learner(const TrainOptions& options, const HeadShape& shape,
          const std::optional<InputMoments>& moments, const Objective& objective,
          const std::string& device);
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  Head head;
  SharpnessAwareStep step;
  std::optional<WeightAverage> average;
};

}  // namespace mien
