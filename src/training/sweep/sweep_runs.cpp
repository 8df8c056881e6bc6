#include "sweep/sweep_runs.h"

#include "mien/training/sweep_table.h"

namespace mien {

std::vector<const SweepRun*> own_runs(const SweepPlan& plan, const Shard& shard) {
  std::vector<const SweepRun*> own;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    if (index % shard.count == shard.index) own.push_back(&plan.runs[i]);
  }
  return own;
}

RunFolder folder_of(const SweepRequest& request, const SweepRun& run) {
  return RunFolder(request.out / run.name);
}

bool is_there(const RunFolder& run) {
  std::error_code ignored;
  return std::filesystem::exists(run.path(), ignored);
}

bool is_through(const SweepRun& run, const RunFolder& folder) {
  return outcome_of(folder).status == SweepStatus::kFinished &&
         run.configuration->fields.differences(folder.config()).empty();
}

}  // namespace mien
