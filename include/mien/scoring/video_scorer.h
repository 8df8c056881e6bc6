// A run's probabilities one video at a time: memory for one video.
#pragma once

#include <string>
#include <vector>

#include "mien/scoring/decided_run.h"

namespace mien {

class VideoScorer {
 public:
  /// Computes each video when it is asked for, past the cache. `run` outlives the scorer.
  VideoScorer(const DecidedRun& run, const std::string& device);

  /// Through the runs' caches, for these videos.
  VideoScorer(const DecidedRun& run, const std::vector<std::string>& videos,
              const std::string& device);

  /// DecidedRun::probabilities() of one video; a task has no videos when the banks lack it.
  LogitsByTask probabilities(const std::string& video) const;

 private:
  const DecidedRun& run_;
  std::vector<LogitsOfVideo> logits_;  ///< a run each
};

}  // namespace mien
