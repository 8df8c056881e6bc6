// The multi-task lists of s-Aff-Wild2: one file a split, a row an image with the labels of all
// three tasks.
#pragma once

#include <filesystem>

#include "mien/data/labels.h"

namespace mien {

/// `folder`'s list of the split ("training_set_annotations.txt").
std::filesystem::path multitask_list(const std::filesystem::path& folder, Split split);

/// One task's columns of the list. A row that says nothing of the task is kept, unknown.
LabelSet read_multitask_list(const std::filesystem::path& file, const Task& task, Split split);

}  // namespace mien
