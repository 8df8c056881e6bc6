// A training that comes apart stops, and says where.
#pragma once

#include <cstdint>
#include <vector>

#include "mien/training/batches.h"
#include "mien/training/dataset.h"
#include "mien/training/run_folder.h"
#include "run/epoch_log.h"

namespace mien {

/// An epoch under way.
struct EpochPlace {
  const RunFolder& run;
  const Dataset& data;
  const std::vector<std::int64_t>& order;
  const std::vector<BatchRange>& batches;
  std::int64_t epochs_done = 0;
  std::int64_t first_step = 0;  ///< steps of the training before this epoch
};

/// Throws InputError when a step of `log` has a loss that is no number; reads what came since the
/// last call, and waits for the device.
void require_finite(EpochLog& log, const EpochPlace& place);

/// Throws InputError that names step and epoch, some of the batch's frames (video/frame), and the
/// last good checkpoint.
[[noreturn]] void stop_at(const BadStep& bad, const EpochPlace& place);

/// The same for a validation loss that is not finite.
void require_finite_validation(double loss, std::int64_t epochs_done, const RunFolder& run);

}  // namespace mien
