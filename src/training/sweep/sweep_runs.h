// The runs of a sweep that are this process's, and where they stand.
#pragma once

#include <vector>

#include "mien/training/run_folder.h"
#include "mien/training/sweep.h"

namespace mien {

/// This process's runs, in the order of the plan.
std::vector<const SweepRun*> own_runs(const SweepPlan& plan, const Shard& shard);

RunFolder folder_of(const SweepRequest& request, const SweepRun& run);

bool is_there(const RunFolder& run);

/// Finished, by this very configuration: one with more epochs goes on.
bool is_through(const SweepRun& run, const RunFolder& folder);

}  // namespace mien
