// state.safetensors: everything that --resume needs, bit for bit.
#pragma once

#include <filesystem>

#include "learner.h"
#include "mien/training/progress_state.h"

namespace mien {

void save_checkpoint(const std::filesystem::path& file, Learner& learner,
                     const TrainingState& state);

/// Puts weights, moments, the average and the tasks' log variances back. Throws InputError when the
/// file is of another head or damaged.
TrainingState load_checkpoint(const std::filesystem::path& file, Learner& learner);

/// The state alone. Throws InputError when the file is damaged.
TrainingState read_checkpoint_state(const std::filesystem::path& file,
                                    const std::vector<Task>& tasks);

}  // namespace mien
