// Several runs named on one command line.
#include <algorithm>
#include <numeric>
#include <set>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/scoring/decided_run.h"
#include "mien/scoring/decisions_file.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

std::set<fs::path> resolved(const std::vector<fs::path>& folders) {
  std::set<fs::path> out;
  for (const fs::path& folder : folders) out.insert(fs::weakly_canonical(folder));
  return out;
}

void require_distinct(const std::vector<fs::path>& folders) {
  for (std::size_t i = 0; i < folders.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (resolved({folders[i], folders[j]}).size() == 1) {
        throw InputError("RUN", folders[i].string(), "is there twice, expected each run once");
      }
    }
  }
}

std::vector<fs::path> runs_of(const DecisionsFile& decisions, const fs::path& run) {
  std::vector<fs::path> folders = {run};
  for (std::size_t r = 1; r < decisions.runs.size(); ++r) {
    folders.emplace_back(decisions.runs[r].path);
  }
  return folders;
}

bool has_decisions(const fs::path& run) {
  std::error_code ignored;
  return fs::exists(decisions_path(run), ignored);
}

/// Which of the runs predict the task.
std::vector<std::size_t> predictors(const std::vector<OpenRun>& runs, Task task) {
  std::vector<std::size_t> out;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (std::ranges::find(runs[r].head.shape.tasks, task) != runs[r].head.shape.tasks.end()) {
      out.push_back(r);
    }
  }
  return out;
}

/// That one of them predicts, in the order of tasks.
std::set<Task> tasks_of(const std::vector<OpenRun>& runs) {
  std::set<Task> tasks;
  for (const OpenRun& run : runs) {
    tasks.insert(run.head.shape.tasks.begin(), run.head.shape.tasks.end());
  }
  return tasks;
}

/// What the run tuned for itself alone; the default rule when it did not.
DecisionRule own_rule(const OpenRun& run, Task task, bool is_alone) {
  if (!has_decisions(run.folder)) return {};
  const fs::path file = decisions_path(run.folder);
  const DecisionsFile tuned = read_decisions(file);
  const auto found = tuned.rules.find(task);
  if (found == tuned.rules.end()) return {};
  if (tuned.runs.size() > 1 || !is_alone) {
    throw InputError("RUN", run.folder.string(),
                     concat("its decisions.json was tuned for ", task_name(task), " of ",
                            tuned.runs.size() > 1 ? "other runs" : "this run alone",
                            "; expected --raw, or mien tune over these runs"));
  }
  require_tuned_weights(run.weights, tuned.runs.front(), file);
  return found->second;
}

}  // namespace

DecidedRun open_decided_runs(const std::vector<fs::path>& folders, const std::string& which,
                             const std::vector<std::string>& banks, bool raw) {
  if (folders.size() == 1) return open_decided_run(folders.front(), which, banks, raw);
  require_distinct(folders);
  if (!raw && has_decisions(folders.front())) {
    const auto tuned = runs_of(read_decisions(decisions_path(folders.front())), folders.front());
    if (resolved(tuned) == resolved(folders)) {
      return open_decided_run(folders.front(), which, banks, raw);
    }
  }
  const std::vector<std::string> weights(folders.size(), which);
  DecidedRun run{open_runs(folders, weights, banks), {}, {}};
  for (const Task& task : tasks_of(run.runs)) {
    const std::vector<std::size_t> of_task = predictors(run.runs, task);
    if (of_task.empty()) continue;
    run.tasks.push_back(task);
    DecisionRule& rule = run.rules[task];
    for (const std::size_t r : of_task) {
      if (!raw) rule = own_rule(run.runs[r], task, of_task.size() == 1);
    }
    rule.weights.assign(folders.size(), 0.0);
    for (const std::size_t r : of_task) {
      rule.weights[r] = 1.0 / static_cast<double>(of_task.size());
    }
  }
  return run;
}

std::vector<HeadMetadata> heads_of(const std::vector<fs::path>& folders, const std::string& which,
                                   bool raw) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) files.push_back(weights_of_run(folder, which));
  if (folders.size() == 1 && !raw && has_decisions(folders.front())) {
    const DecisionsFile tuned = read_decisions(decisions_path(folders.front()));
    for (std::size_t r = 1; r < tuned.runs.size(); ++r) {
      files.push_back(weights_of_run(tuned.runs[r].path, tuned.runs[r].weights));
    }
  }
  std::vector<HeadMetadata> heads;
  for (const fs::path& file : files) heads.push_back(read_head_metadata(file));
  return heads;
}

}  // namespace mien
