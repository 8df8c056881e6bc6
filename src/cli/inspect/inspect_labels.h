// What `mien inspect` says of labels in a table or in a folder per class.
#pragma once

#include "inspect/inspect_facts.h"

namespace mien {

/// Rows, splits, groups, and each task that the labels look like with its counts; in
/// `found.config` the lines of a config that use them.
void inspect_label_table(const std::filesystem::path& path, Inspection& found);
void inspect_class_folders(const std::filesystem::path& path, Inspection& found);

}  // namespace mien
