// Everything a training reads, loaded and checked before the first step.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/head/head_file.h"
#include "mien/training/dataset.h"
#include "mien/training/options.h"

namespace mien {

class Head;

struct TrainingInputs {
  std::vector<Bank> banks;
  LabelSplit labels;  ///< names of videos and files; the values are in the data sets
  Dataset training, validation;
  std::vector<std::string> leaks;  ///< groups (persons, recordings) that are on both sides

  /// Dataset::digest() of both.
  std::string data_digest() const { return training.digest() + validation.digest(); }
};

/// The banks that are put side by side; where sources have banks of their own, the paths of those
/// that stand in one place are joined by ':' (open_bank()).
std::vector<std::string> bank_paths(const TrainOptions& options);

/// Throws InputError for whatever is missing or does not fit.
TrainingInputs load_inputs(const TrainOptions& options, const std::string& device);

/// The head that the options make of the banks.
HeadShape shape_of(const TrainOptions& options, const std::vector<Bank>& banks);

/// What travels with the weights.
HeadMetadata metadata_of(const TrainOptions& options, const TrainingInputs& inputs);

/// The head that a training starts from: seeded, or the weights in `init`. One that standardises
/// takes means and deviations from `init` where that has them (they belong to its weights), else
/// `moments`. Throws InputError when `init` is of another head.
Head make_head(const TrainOptions& options, const HeadShape& shape,
               const std::optional<InputMoments>& moments, const std::string& device);

/// Labels per class of the training, for an Objective.
ClassCounts class_counts_of(const HeadMetadata& head);

/// What --dry-run shows: rows and classes of each split, leaks between them, shapes, steps, memory
/// and disk.
std::string plan_text(const TrainOptions& options, const TrainingInputs& inputs,
                      const std::string& device);

/// A warning for each of the leaks, unless it is in `warned` already, where it then is.
void warn_of_leaks(const std::vector<std::string>& leaks, std::set<std::string>& warned);

/// Groups that are on both sides of the split: persons that the labels name, else recordings (the
/// video's name without `_left` and `_right`).
std::vector<std::string> leaks(const LabelSplit& labels);

/// The first five of the names, and how many more there are.
std::string some_of(const std::vector<std::string>& names);

}  // namespace mien
