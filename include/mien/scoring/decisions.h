// From probabilities to decisions by rules that were tuned: blend runs, interpolate and smooth,
// then add a bias to each class's log-probability, or compare each output with a threshold.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "mien/scoring/scores.h"
#include "mien/scoring/smoothing.h"

namespace mien {

/// One task's rule. Default: as if nothing had been tuned.
struct DecisionRule {
  std::vector<double> weights;  ///< a run each, >= 0, sum 1; empty: the first run alone
  Smoothing smoothing;
  std::vector<double> bias;        ///< classes [C], added to log(max(p, 1e-30)); empty: none
  std::vector<double> thresholds;  ///< binary [K], 1 when p >= threshold; empty: .5

  bool operator==(const DecisionRule&) const = default;
};

using DecisionRules = std::map<Task, DecisionRule>;

/// The default rule for a task that was not tuned.
DecisionRule rule_for(const DecisionRules& rules, const Task& task);

/// For people: "smoothing box of half-window 25; thresholds 0.312 ..."; what changes nothing (no
/// window, biases of 0, thresholds of .5) is left out, and all of it reads "untuned".
std::string text_of(const DecisionRule& rule);

/// An ingredient of a tuning as people know it, alone or in a set ("blend+levels"): levels are
/// biases (classes) or thresholds (binary).
std::string shown_ingredient(const Task& task, std::string name);

/// log(max(p, 1e-30)): finite also where a softmax gave 0.
double log_probability(float probability);

/// decide() of scores.h with the rule's biases or thresholds; the first of equals.
/// `probabilities` [n, score_columns], smoothed already -> [n, label_columns].
std::vector<double> decide(const Task& task, std::span<const float> probabilities,
                           const DecisionRule& rule);
TaskDecisions decide(const TaskScores& probabilities, const DecisionRule& rule);

/// Probabilities averaged with `weights` (a run each). A video's frames are those of the first run
/// that has it, the others are interpolated there (of images that are no film, those that all
/// have); weights of the runs that lack a video go to
/// those that have it (equally, if all that have it weigh 0). One run is given back as it is.
TaskScores blend(const std::vector<TaskScores>& runs, std::span<const double> weights);

}  // namespace mien
