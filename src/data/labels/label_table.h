// Labels in one table: a row per frame or image, a column per task of classes and per output of the
// others.
#pragma once

#include <optional>
#include <vector>

#include "mien/core/error.h"
#include "mien/data/label_table.h"
#include "mien/data/labels.h"

namespace mien {

/// Rows of `split` for each of `tasks`; none for a task that the table has no column of, about
/// which `refusals` then says why. A table without a column `split` is all training. Throws
/// InputError that names the file, the line and the column.
std::vector<std::optional<LabelSet>> read_label_table(const LabelSource& source,
                                                      const std::vector<Task>& tasks, Split split,
                                                      std::vector<InputError>& refusals);

}  // namespace mien
