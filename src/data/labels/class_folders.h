// Labels that the folders of images are named after: root/happy/*.jpg.
#pragma once

#include <optional>
#include <vector>

#include "mien/core/error.h"
#include "mien/data/label_table.h"
#include "mien/data/labels.h"

namespace mien {

/// One task of classes among `tasks` gets the folders' names (or indices) as labels; all images are
/// training. Throws InputError for a folder that names no class, with the near miss.
std::vector<std::optional<LabelSet>> read_class_folders(const LabelSource& source,
                                                        const std::vector<Task>& tasks, Split split,
                                                        std::vector<InputError>& refusals);

}  // namespace mien
