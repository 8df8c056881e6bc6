// A template with a model's answers in it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "mien/scoring/decisions.h"
#include "mien/scoring/prior.h"
#include "mien/scoring/scores.h"
#include "mien/submission/template.h"

namespace mien {

/// Probabilities by task. A file's task takes what it needs: EXPR for expr and ce (compound sums),
/// all three for mtl. Others are not looked at.
using ScoresByTask = std::map<Task, TaskScores>;

struct FillSummary {
  SubmissionTask task = SubmissionTask::kExpr;
  std::int64_t rows = 0;
  std::int64_t videos = 0;
  /// Rows whose frame has no score while its video has some; rows of videos without any score are
  /// `prior_rows` instead.
  std::int64_t interpolated_rows = 0;
  std::int64_t prior_rows = 0;
  std::vector<std::string> videos_without_embeddings;
  std::map<std::string, std::int64_t> histogram;  ///< rows by class, or rows with a 1 by AU
  std::map<std::string, double> prior;  ///< the same names' shares in training, where known
  /// Videos of several rows, with embeddings, that say one class only (AU: the same in all rows).
  std::vector<std::string> constant_videos;
  /// Videos with embeddings of fewer than half of their rows' frames.
  std::vector<std::string> sparse_videos;
};

/// Opens what a video's rows go to: once for a template of one file, else a file a video, in order.
using StreamOfVideo = std::function<std::ostream&(const std::string& video)>;

/// Probabilities of one video, asked for once; a task has no videos when there are none.
using ProbabilitiesOfVideo = std::function<ScoresByTask(const std::string& video)>;

/// Throws InputError, which names the tasks that are lacking, unless a run that predicts `tasks`
/// can answer a template of `form`. A task of the same name but with other outputs is another one.
void require_tasks(SubmissionTask form, const std::vector<Task>& tasks);

/// Writes the template's header and rows, in its order, with the decisions in place of the values:
/// probabilities interpolated inside the video and smoothed, then decided as `rules` say (compound
/// expressions are smoothed, EXPR's biases are not theirs); a video without scores, and one that is
/// no film, gets the prior's decision. Lines end in LF, no byte order mark. Throws InputError when
/// the scores lack a task that the file needs, or a prior that is needed.
FillSummary fill(const Template& form, const ProbabilitiesOfVideo& probabilities,
                 const Priors& priors, const StreamOfVideo& stream_of, const DecisionRules& rules);
/// The same from memory, all into one stream.
FillSummary fill(const Template& form, const ScoresByTask& probabilities, const Priors& priors,
                 std::ostream& out, const DecisionRules& rules = {});

/// contract.md, mien submit.
nlohmann::json to_json(const FillSummary& summary);

}  // namespace mien
