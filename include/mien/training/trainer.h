// The training loop.
#pragma once

#include <cstdint>
#include <string>

#include "mien/head/head_file.h"
#include "mien/training/options.h"
#include "mien/training/progress_state.h"
#include "mien/training/run_folder.h"

namespace mien {

struct Dataset;

/// What a training amounts to, once it has ended.
struct TrainSummary {
  TrainingState state;
  std::int64_t samples = 0;  ///< rows stepped over, all epochs
  bool stopped_early = false;

  const EpochRecord& best() const;
  const EpochRecord& last() const { return state.history.back(); }
};

/// Trains a head and leaves best, last, state and metrics.csv in `run` after every epoch, so that
/// a kill at any moment loses at most the epoch it falls in. With `resume` it goes on after the
/// last finished epoch, if there is one. `metadata` travels with the weights. Throws InputError
/// when the loss stops being a number or the checkpoint is of other data, Interrupted on Ctrl-C.
TrainSummary train(const TrainOptions& options, const Dataset& training, const Dataset& validation,
                   const RunFolder& run, const HeadMetadata& metadata, const std::string& device,
                   bool resume);

}  // namespace mien
