// Where below a folder that the user named the annotations are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/labels.h"

namespace mien {

/// The names of the task's challenge folder, which changed once; none for other tasks.
std::vector<std::string> challenge_names(const Task& task);

std::vector<std::string> all_challenge_names();

/// The folder that holds the challenge folders or the multi-task lists: `root` itself, or the one
/// folder in it that does. Throws InputError when there is none (naming what looks misspelt) or
/// several.
std::filesystem::path annotation_root(const std::filesystem::path& root);

/// What is at `root` itself (see annotation_root), without a look one level down.
bool holds_challenge(const std::filesystem::path& root, const Task& task);
bool holds_multitask_lists(const std::filesystem::path& root);

/// The challenge folder of the task. Nothing when it is not there; throws InputError when there
/// are two.
std::optional<std::filesystem::path> challenge_folder(const std::filesystem::path& root,
                                                      const Task& task);

}  // namespace mien
