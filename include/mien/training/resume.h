// What `--resume` may change of a run's configuration, and what it refuses.
#pragma once

#include <string>
#include <vector>

#include "mien/config/fields.h"
#include "mien/training/options.h"
#include "mien/training/progress_state.h"
#include "mien/training/run_folder.h"
#include "mien/training/schedule.h"

namespace mien {

/// Throws InputError that lists every difference that would make another run of it. What may
/// change, since it touches nothing that was trained:
///   early_stop;
///   epochs with schedule.kind constant, unless the warm-up would be another (more epochs of it
///   than there were epochs);
///   bank and annotations: where the data lies; it must be the same (its digest is compared).
void require_same_run(const RunFolder& run, const std::vector<Difference>& differences,
                      const TrainOptions& options);

/// Whether bank or annotations are among the differences.
bool data_moved(const std::vector<Difference>& differences);

/// Writes where the data lies now into the weights that are there: commands that take a run find it
/// by them.
void move_data(const RunFolder& run, const std::vector<std::string>& banks,
               const Annotations& annotations);

/// Throws InputError when the checkpoint is of other data, or of more epochs than are wanted.
void require_fits(const RunFolder& run, const TrainingState& state, const TrainOptions& options,
                  const std::string& data_digest);

/// require_fits() of the checkpoint in the folder, when there is one.
void require_fits(const RunFolder& run, const TrainOptions& options,
                  const std::string& data_digest);

/// "resuming after epoch 3 of 6: 72 steps to go, learning rate constant, 0.001 to 0.001": a resumed
/// run says what is ahead.
std::string outlook(const TrainingState& state, const TrainOptions& options,
                    const Schedule& schedule, std::int64_t steps_per_epoch);

}  // namespace mien
