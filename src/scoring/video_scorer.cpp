#include "mien/scoring/video_scorer.h"

#include <memory>

#include "mien/head/head.h"

namespace mien {

VideoScorer::VideoScorer(const DecidedRun& run, const std::string& device) : run_(run) {
  for (const OpenRun& of_run : run.runs) {
    const std::shared_ptr<const Head> head = load_head(of_run.weights, of_run.head, device);
    logits_.push_back([head, &of_run, device](const std::string& video) {
      return compute_logits(*head, of_run.banks, {video}, device);
    });
  }
}

VideoScorer::VideoScorer(const DecidedRun& run, const std::vector<std::string>& videos,
                         const std::string& device)
    : run_(run) {
  for (const OpenRun& of_run : run.runs) {
    logits_.push_back(
        kept_logits(of_run.folder, of_run.weights, of_run.head, of_run.banks, videos, device));
  }
}

LogitsByTask VideoScorer::probabilities(const std::string& video) const {
  std::vector<LogitsByTask> of_runs;
  for (const LogitsOfVideo& logits : logits_) {
    of_runs.push_back(logits(video));
    for (auto& [task, scores] : of_runs.back()) scores = probabilities_of(scores);
  }
  return run_.blended(std::move(of_runs));
}

}  // namespace mien
