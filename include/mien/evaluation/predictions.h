// Anybody's prediction file as decisions.
#pragma once

#include <filesystem>
#include <map>

#include "mien/data/submission_format.h"
#include "mien/scoring/scores.h"

namespace mien {

/// Decisions by task: one task, or three for a multi-task file. Rows may be in any order; of
/// identical rows of one frame the first counts. Throws InputError that names file and line for a
/// file of another task, malformed rows, illegal values, frame 0 (frames start at 1) and rows that
/// contradict each other. Compound expressions have no public labels: kCe is refused.
std::map<Task, TaskDecisions> read_predictions(const std::filesystem::path& path,
                                               SubmissionTask task);

}  // namespace mien
