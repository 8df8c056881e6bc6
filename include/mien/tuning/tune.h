// Which decisions on top of the scores pay, and what they are worth on videos that did not choose
// them (numerics.md, Decisions after the scores).
//
// Cross-fitting: the videos are cut into folds; each fold's decisions come from rules fitted on the
// other folds. Its F1, pooled over all folds, is the out-of-fold number. The rule that is kept is
// fitted on all videos; its F1 on the same videos is optimistic.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "mien/data/labels.h"
#include "mien/scoring/bootstrap.h"
#include "mien/scoring/decisions.h"

namespace mien {

/// kLevels: biases per class or thresholds per binary output; continuous values have none.
enum class Ingredient { kBlend, kSmoothing, kLevels };

inline constexpr std::array kIngredients = {Ingredient::kBlend, Ingredient::kSmoothing,
                                            Ingredient::kLevels};

/// "blend", "smoothing", "levels".
std::string ingredient_name(Ingredient ingredient);
/// Throws InputError (naming `what`) for any other name; suggests the near miss.
Ingredient ingredient_from_name(std::string_view name, const std::string& what);

/// The windows that are tried, the simplest first: a later one must gain 1e-4 over it.
std::vector<Smoothing> smoothing_candidates();

struct TuneOptions {
  std::int64_t folds = 5;    ///< as many as there are recordings, where those are fewer
  std::uint64_t seed = 5;    ///< of the folds
  std::int64_t threads = 1;  ///< changes nothing but the time
  std::vector<Ingredient> ingredients = {kIngredients.begin(), kIngredients.end()};
  BootstrapOptions bootstrap;
};

/// A number with its three readings. `gain`: out_of_fold minus raw, on the same draws.
struct TunedScores {
  Estimate in_sample;  ///< optimistic
  Estimate out_of_fold;
  Estimate gain;
};

struct IngredientResult {
  std::string name;  ///< "smoothing", "blend+smoothing", ..., "together": all that were asked for
  TunedScores scores;
  bool kept = false;  ///< in the rule
};

struct TaskTuning {
  Task task;
  Estimate raw;        ///< of the first run
  TunedScores scores;  ///< of the ingredients that are kept
  DecisionRule rule;   ///< fitted on all videos
  std::vector<IngredientResult> ingredients;
  std::int64_t frames = 0, videos = 0, folds = 0;
};

/// A video's fold: whole recordings (`_left` and `_right` together), dealt so that each fold has
/// its share of every class, output or range of values; a function of seed, names and
/// labels. At most as many folds as recordings; throws InputError when there is one recording only.
std::vector<std::int64_t> stratified_folds(const LabelSet& labels, std::int64_t folds,
                                           std::uint64_t seed);

/// `runs`: each run's probabilities (not smoothed); the first is the one that is tuned, and its
/// frames are those that count. Every set of the ingredients is cross-fitted; the rule keeps the
/// set with the best out-of-fold number, where each ingredient must be worth .001 (none, if none
/// is). The kept set's number carries that choice's small optimism, those of `ingredients` do not.
/// Frames count as in `mien evaluate` (a -1 among its AUs drops a frame). Throws InputError when no
/// labelled frame has scores.
TaskTuning tune_task(const std::vector<TaskScores>& runs, const LabelSet& labels,
                     const TuneOptions& options);

}  // namespace mien
