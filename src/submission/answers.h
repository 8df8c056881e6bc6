// What a file's rows say, decided once a frame and looked up by row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mien/submission/fill.h"

namespace mien {

/// What answers are made of; all outlive it.
struct ScoreSource {
  const ScoresByTask& probabilities;
  const Priors& priors;
  const DecisionRules& rules;
};

/// The answers of one video at the frames that its template rows ask for.
class VideoAnswers {
 public:
  /// `frames`: ascending, unique.
  VideoAnswers(SubmissionTask task, const std::string& video, std::vector<std::int32_t> frames,
               const ScoreSource& source);

  bool has_scores() const { return has_scores_; }

  /// submission_columns values as parse_values() gives them; `frame` is one of the frames.
  std::span<const double> row(std::int32_t frame) const;
  /// False when the frame's own scores were there.
  bool interpolated(std::int32_t frame) const;

 private:
  std::size_t position_of(std::int32_t frame) const;
  void answer(const ScoreSource& from, const std::string& video);

  SubmissionTask task_;
  std::vector<std::int32_t> frames_;
  std::vector<double> values_;      ///< [frames, submission_columns]
  std::vector<bool> interpolated_;  ///< [frames]
  bool has_scores_ = true;
};

/// The tasks whose scores a file needs, and the columns that each fills: parts_of(), and for
/// compound expressions the basic ones that they are made of.
std::vector<SubmissionPart> sources_of(SubmissionTask task);

}  // namespace mien
