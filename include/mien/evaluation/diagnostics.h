// What scores say beyond the decisions read off them: the tail of the loss, and calibration.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "mien/data/labels.h"
#include "mien/scoring/calibration.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/scores.h"

namespace mien {

/// Shares of the worst losses that are averaged; 1 is the mean over all.
inline constexpr std::array<double, 5> kTailLevels = {1, .5, .2, .1, .05};

/// The plain loss, without weights, smoothing or margins, and its upper-tail CVaR (numerics.md).
struct LossTail {
  std::string kind;  ///< "cross_entropy" per frame (classes), "binary_cross_entropy" per (frame,
                     ///< output) pair, "squared_error" per frame, mean of the known outputs
  std::int64_t terms = 0;
  std::array<double, kTailLevels.size()> means{};  ///< at kTailLevels
};

/// Classes: of the top class's probability against being right, one entry. Binary: of each output's
/// probability against its label. Continuous: none.
struct CalibratedPart {
  std::string name;
  Reliability reliability;
};

struct ScoreDiagnostics {
  LossTail loss;
  std::vector<CalibratedPart> calibration;

  double ece() const;  ///< mean over the parts
};

/// Over the frames that are scored by `policy` and have scores. `logits` as the network gives them,
/// `probabilities` of the same frames.
ScoreDiagnostics diagnose(const TaskScores& logits, const TaskScores& probabilities,
                          const LabelSet& labels, PartlyKnown policy);

}  // namespace mien
