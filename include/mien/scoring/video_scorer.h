// A run's probabilities one video at a time, past the cache: memory for one video.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mien/scoring/decided_run.h"

namespace mien {

class VideoScorer {
 public:
  /// Loads the heads of all blended runs. `run` outlives the scorer.
  VideoScorer(const DecidedRun& run, std::string device);
  ~VideoScorer();

  /// DecidedRun::probabilities() of one video; a task has no videos when the banks lack it.
  LogitsByTask probabilities(const std::string& video) const;

 private:
  const DecidedRun& run_;
  std::string device_;
  std::vector<std::unique_ptr<Head>> heads_;  ///< a run each
};

}  // namespace mien
