// The official metrics of anybody's decisions: a run's or a prediction file's, on one path.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/labels.h"
#include "mien/evaluation/agreement.h"
#include "mien/evaluation/diagnostics.h"
#include "mien/scoring/bootstrap.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/prior.h"
#include "mien/scoring/scores.h"
#include "mien/scoring/smoothing.h"

namespace mien {

struct EvaluationOptions {
  BootstrapOptions bootstrap;
  std::optional<PartlyKnown> partly_known;  ///< none: as the labels' source has it

  /// Labelled frames without a decision are scored too, as the challenge's server does: with
  /// `interpolated`'s decision for that frame when it has one, else with the nearest decided
  /// frame's of the video (the earlier of two; continuous values: linear between them), else with
  /// the prior's.
  bool all_frames = false;
  const TaskDecisions* interpolated = nullptr;  ///< e.g. decided from interpolated_at_labels()

  /// Of the training labels. Empty: of the labels that are evaluated on.
  Prior prior;
};

/// A constant answer to compare with: the most frequent class; 1 for an output whose share is >=
/// .5.
struct Baseline {
  double f1 = 0;
  std::string from;                  ///< "training" or "evaluated": the labels that were counted
  std::vector<std::string> answers;  ///< the class, or the outputs that are always 1
};

/// Beside the concordance of a continuous output: Pearson's correlation, the mean absolute error
/// and the root of the mean squared error.
struct ContinuousErrors {
  double pearson = 0, mae = 0, rmse = 0;
};

/// One class or output.
struct PartResult {
  std::string name;
  Estimate score;             ///< F1 or CCC
  bool defined = true;        ///< false: the score is 0 by definition, for want of data
  bool in_mean = true;        ///< false: without a positive or any label, and left out of the mean
  std::int64_t known = 0;     ///< frames that are labelled for it
  std::int64_t support = 0;   ///< frames where the label says so; continuous: as `known`
  std::int64_t answered = 0;  ///< frames where the decision says so; continuous: as `known`
  std::optional<ContinuousErrors> errors;  ///< continuous
};

/// One video on its own. A mean over classes says little there (most are absent), so: the accuracy
/// of classes; the F1 of all (frame, output) pairs together, 1 when none is labelled or decided
/// positive; of continuous values the root of the mean squared error of all outputs.
struct VideoScore {
  std::string video;
  double score = 0;
  std::int64_t frames = 0;
};

/// "accuracy", "pooled_f1", "rmse".
std::string video_measure(const Task& task);

struct TaskResult {
  Task task;
  Estimate score;                   ///< mean F1 of the classes or outputs, or mean CCC
  std::vector<PartResult> parts;    ///< classes or outputs
  std::int64_t frames = 0;          ///< scored frames
  std::int64_t videos = 0;          ///< videos with a scored frame; the bootstrap draws these...
  std::int64_t groups = 0;          ///< ...or these, where the labels name them (else 0)
  std::int64_t missing_frames = 0;  ///< valid labelled frames without a decision, filled or not
  std::int64_t filled_frames = 0;   ///< of those, scored because of all_frames
  std::vector<std::string> missing_videos;  ///< with valid labels, without any decision
  std::int64_t ignored_frames = 0;          ///< decisions without a valid label

  double accuracy = 0;                               ///< classes
  Confusion confusion{0};                            ///< classes; rows are the truth
  PartlyKnown partly_known = PartlyKnown::kDropRow;  ///< what unknown values did
  std::optional<Baseline> baseline;                  ///< none for continuous values: their CCC is 0

  std::vector<VideoScore> by_video;  ///< the worst first, ties by name

  /// Where there are scores, and another's decisions; evaluate_task() leaves them to its caller.
  std::optional<ScoreDiagnostics> diagnostics;
  std::optional<Agreement> agreement;

  /// The worst tenth of by_video, rounded up.
  std::vector<VideoScore> worst_decile() const;
};

/// Scores decisions (videos in byte order of their names, frames ascending) against the valid
/// labels. Throws InputError when the tasks differ, when no label is valid, or when no labelled
/// frame has a decision.
TaskResult evaluate_task(const TaskDecisions& decisions, const LabelSet& labels,
                         const EvaluationOptions& options);

/// `probabilities` interpolated and smoothed at every labelled frame of the videos that it has:
/// decide() of it is what a submission would hold there.
TaskScores interpolated_at_labels(const TaskScores& probabilities, const LabelSet& labels,
                                  const Smoothing& smoothing = {});

}  // namespace mien
