// The training loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "mien/head/head_file.h"
#include "mien/training/options.h"
#include "mien/training/progress_state.h"
#include "mien/training/run_folder.h"

namespace mien {

struct Dataset;

/// What an interrupted training says.
inline constexpr const char* kEpochsAreKept =
    "finished epochs are kept; the same command with --resume goes on";

/// What a training amounts to, once it has ended.
struct TrainSummary {
  TrainingState state;
  std::int64_t samples = 0;  ///< rows stepped over, all epochs
  bool stopped_early = false;

  /// The best epoch as the weights in best.safetensors score: their average's numbers, where that
  /// is what they are.
  EpochRecord best() const;
  const EpochRecord& last() const { return state.history.back(); }
};

/// Hears of every epoch that was trained and kept.
using EpochListener = std::function<void(const EpochRecord&)>;

/// Trains a head and leaves best, last, state and metrics.csv in `run` after every epoch, so that
/// a kill at any moment loses at most the epoch it falls in. With `resume` it goes on after the
/// last finished epoch, if there is one. `metadata` travels with the weights. `last` holds the
/// weights, `best` whichever of them and their average (`ema`) is better, `state` both. Throws
/// InputError when a loss stops being a number (with step, epoch and frames) or the checkpoint is
/// of other data, Interrupted on Ctrl-C. With a `listener` it shows no progress of its own.
///
/// The same seed gives the same bytes on one machine; in fp32 on a CPU with AVX2 with any number of
/// threads. Elsewhere, and in bf16, another number of threads sums matrix products in another
/// order, and a kink (ReLU, CVaR) may part two trainings further: after 60 steps the weights agree
/// to 1e-2 (relative L2), losses to 1e-3, F1 to .01.
TrainSummary train(const TrainOptions& options, const Dataset& training, const Dataset& validation,
                   const RunFolder& run, const HeadMetadata& metadata, const std::string& device,
                   bool resume, const EpochListener& listener = {});

}  // namespace mien
