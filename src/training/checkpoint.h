// state.safetensors: everything that --resume needs, bit for bit.
#pragma once

#include <filesystem>

#include "mien/head/head.h"
#include "mien/training/progress_state.h"
#include "mien/training/step.h"

namespace mien {

void save_checkpoint(const std::filesystem::path& file, Head& head, SharpnessAwareStep& step,
                     const TrainingState& state);

/// Puts weights and moments back. Throws InputError when the file is of another head or damaged.
TrainingState load_checkpoint(const std::filesystem::path& file, Head& head,
                              SharpnessAwareStep& step);

}  // namespace mien
