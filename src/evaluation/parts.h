// What both forms of a report say of a task's parts.
#pragma once

#include <string>
#include <vector>

#include "mien/evaluation/evaluate.h"

namespace mien {

/// Classes, AUs or dimensions whose score is 0 by definition only.
std::vector<std::string> undefined_parts(const TaskResult& result);

}  // namespace mien
