// Rules fitted on a part of the videos.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "mien/scoring/task_counts.h"
#include "mien/tuning/search.h"
#include "mien/tuning/tune.h"

namespace mien {

/// What is tuned on: labels of frames that have scores, and each run's probabilities. A "video" of
/// the labels is the part of one video (or folder of images) that belongs to one group.
struct TuneData {
  LabelSet labels;
  std::vector<TaskScores> runs;
  std::vector<std::string> units = {};  ///< [videos of the labels] what the bootstrap draws
  std::vector<bool> in_mean = {};       ///< outputs that the score is the mean of
};

/// Throws InputError when nothing is left.
TuneData tune_data(std::vector<TaskScores> runs, const LabelSet& labels);

/// A rule and the videos that choose it.
struct Fit {
  std::vector<bool> training;  ///< [videos of the labels]
  DecisionRule rule;
};

class Fitter {
 public:
  Fitter(const TuneData& data, std::int64_t threads) : data_(data), threads_(threads) {}

  /// Each fit's rule by turns until nothing changes, at most 3: the weights of the blend under the
  /// present window and levels (a median of a blend counts as the blend of medians there), the
  /// window that is best with them, the biases or thresholds that are best in it.
  void fit(const std::vector<Ingredient>& ingredients, std::vector<Fit>& fits);

  /// The counts of one video under a rule; none where the rule's runs have no scores for it.
  TaskCounts counts(std::size_t video, const DecisionRule& rule);

 private:
  const TaskScores& source_of(const DecisionRule& rule);
  /// Smoothed probabilities at the video's labelled frames; empty without scores.
  std::vector<float> values(const TaskScores& source, std::size_t video,
                            const Smoothing& smoothing) const;
  BlendRows blend_rows(const Fit& fit) const;
  bool fit_blends(std::vector<Fit>& fits) const;
  bool choose_smoothing(std::vector<Fit>& fits);
  void fit_levels(std::vector<Fit>& fits);
  void fit_levels(const TaskScores& source, Fit& fit) const;

  const TuneData& data_;
  std::int64_t threads_;
  std::map<std::vector<double>, TaskScores> blends_;  ///< by weights
};

}  // namespace mien
