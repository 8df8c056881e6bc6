// What comes after an epoch's steps: its validation, its files, its line in the log.
#pragma once

#include <cstdint>
#include <string>

#include "learner.h"
#include "mien/head/head_file.h"
#include "mien/training/dataset.h"
#include "mien/training/progress_state.h"
#include "mien/training/run_folder.h"
#include "mien/training/validate.h"

namespace mien {

/// How good an epoch is by `select`, and whether the averaged weights are what is as good: they
/// are when they beat the weights themselves.
struct EpochScore {
  double value = 0;
  bool of_average = false;
};

/// Puts the weights' validation and, where there is one, their average's into `record`.
EpochScore add_validation(EpochRecord& record, const ValidationResult& raw,
                          const std::optional<ValidationResult>& average,
                          const std::string& select);

/// Everything an epoch leaves, the checkpoint last: it vouches for the rest. `best`: the state's
/// last epoch is its best.
void keep_epoch(const RunFolder& run, Learner& learner, const TrainingState& state,
                const HeadMetadata& metadata, bool best);

std::string epoch_line(const TrainingState& state, std::int64_t epochs, bool best);

}  // namespace mien
