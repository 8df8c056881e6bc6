// One source of labels, whatever its layout.
#pragma once

#include <optional>
#include <vector>

#include "mien/core/error.h"
#include "mien/data/labels.h"

namespace mien {

/// Labels of each of `tasks`, in their order; none for a task that the source lacks, about which
/// `refusals` then says why. Throws InputError for a source that cannot be read.
std::vector<std::optional<LabelSet>> read_source(const LabelSource& source,
                                                 const std::vector<Task>& tasks, Split split,
                                                 std::vector<InputError>& refusals);

}  // namespace mien
