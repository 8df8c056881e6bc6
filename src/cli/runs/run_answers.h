// What a run says of the videos on one side of its split: for evaluate and compare.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mien/head/head_file.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/decided_run.h"
#include "mien/training/dataset.h"

namespace mien {

struct RunQuery {
  std::string run, weights = "best";
  Annotations annotations;         ///< empty: as trained
  std::vector<std::string> banks;  ///< in the order of training; empty: as trained
  Split split = Split::kValidation;
  bool raw = false;  ///< without the run's decisions.json
};

struct RunAnswers {
  HeadMetadata head;
  SplitLabels labels;                        ///< in the order of the head's tasks
  std::map<Task, TaskScores> logits;         ///< of the run itself
  std::map<Task, TaskScores> probabilities;  ///< blended, not smoothed
  DecisionRules rules;                       ///< one for every task
  std::map<Task, TaskDecisions> decisions;
  std::string decisions_json;  ///< what was applied to the scores
  std::string weights_sha256;  ///< of the run's own weights file
  bool in_sample = false;      ///< the decisions were tuned on these videos
  double scoring_seconds = 0;

  /// What a submission would hold at every labelled frame of the videos with scores.
  TaskDecisions at_labels(const LabelSet& labels) const;
};

/// "auto" (none), "drop" or "mask"; InputError (naming --partly-known) otherwise.
std::optional<PartlyKnown> partly_known_from_name(const std::string& name);

/// Throws InputError for what is no run, does not fit its banks, or has no labels.
RunAnswers answers_of(const RunQuery& query, const std::string& device);

/// The same labels and decisions on other banks.
RunAnswers answers_on(const std::vector<std::string>& banks, const RunAnswers& known,
                      const RunQuery& query, const std::string& device);

}  // namespace mien
