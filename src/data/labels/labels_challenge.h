// One task's challenge folder: a text file a video, a row a frame.
#pragma once

#include <filesystem>

#include "mien/data/labels.h"

namespace mien {

/// Reads `folder`/Train_Set or `folder`/Validation_Set.
LabelSet read_challenge_folder(const std::filesystem::path& folder, const Task& task, Split split);

}  // namespace mien
