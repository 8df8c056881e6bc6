#include "mien/scoring/video_scorer.h"

#include "mien/head/head.h"

namespace mien {

VideoScorer::VideoScorer(const DecidedRun& run, std::string device)
    : run_(run), device_(std::move(device)) {
  for (const OpenRun& of_run : run.runs) {
    heads_.push_back(load_head(of_run.weights, of_run.head, device_));
  }
}

VideoScorer::~VideoScorer() = default;

LogitsByTask VideoScorer::probabilities(const std::string& video) const {
  std::vector<LogitsByTask> of_runs;
  for (std::size_t r = 0; r < heads_.size(); ++r) {
    of_runs.push_back(compute_logits(*heads_[r], run_.runs[r].banks, {video}, device_));
    for (auto& [task, scores] : of_runs.back()) scores = probabilities_of(scores);
  }
  return run_.blended(std::move(of_runs));
}

}  // namespace mien
