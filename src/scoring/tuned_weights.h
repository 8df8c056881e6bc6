// Decisions hold for the weights that they were tuned on.
#pragma once

#include <filesystem>

#include "mien/scoring/decided_run.h"
#include "mien/scoring/decisions_file.h"

namespace mien {

/// Throws InputError when the run's weights are others than `tuned` names, in `file`.
void require_tuned_weights(const OpenRun& run, const DecidingRun& tuned,
                           const std::filesystem::path& file);

}  // namespace mien
