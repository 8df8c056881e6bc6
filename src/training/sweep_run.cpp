#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/head/head.h"
#include "mien/training/sweep.h"
#include "mien/training/sweep_table.h"
#include "shared_inputs.h"

namespace mien {
namespace {

constexpr const char* kKept = "finished epochs are kept; the same command with --resume goes on";

RunFolder folder_of(const SweepRequest& request, const SweepRun& run) {
  return RunFolder(request.out / run.name);
}

bool is_there(const RunFolder& run) {
  std::error_code ignored;
  return std::filesystem::exists(run.path(), ignored);
}

/// This process's runs.
std::vector<const SweepRun*> own_runs(const SweepPlan& plan, const Shard& shard) {
  std::vector<const SweepRun*> own;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    if (index % shard.count == shard.index) own.push_back(&plan.runs[i]);
  }
  return own;
}

/// Finished, by this very configuration: one with more epochs goes on.
bool is_through(const SweepRun& run, const RunFolder& folder) {
  return outcome_of(folder).status == SweepStatus::kFinished &&
         run.configuration->fields.differences(folder.config()).empty();
}

/// Data and heads that differ between the runs, each looked at once.
void check_inputs(const SweepPlan& plan) {
  std::set<std::string> seen;
  for (const SweepRun& run : plan.runs) {
    const TrainOptions& options = run.configuration->options;
    std::vector<Bank> banks;
    for (const std::string& folder : options.bank) {
      require_clean(banks.emplace_back(folder), "bank");
    }
    if (seen.insert("labels " + options.annotations + join(options.tasks)).second) {
      load_label_split(options.annotations, options.task_list(), options.split);
    }
    const std::string head =
        concat("head ", join(options.bank), join(options.tasks), " ", options.head.layers, " ",
               options.head.width, " ", options.normalize, " ", options.init);
    if (seen.insert(head).second) make_head(options, shape_of(options, banks), {}, "cpu");
  }
}

/// The runs on their way, one thread a job.
class Sweep {
 public:
  Sweep(const SweepRequest& request, std::vector<const SweepRun*> runs)
      : request_(request),
        runs_(std::move(runs)),
        shared_(options_of(runs_), request.device),
        progress_("sweep", "epochs", epochs_of(runs_)) {}

  std::vector<SweepFailure> run() {
    std::vector<std::thread> jobs;
    for (std::int64_t i = 0; i < std::min(request_.jobs, std::ssize(runs_)); ++i) {
      jobs.emplace_back([this] { work(); });
    }
    for (std::thread& job : jobs) job.join();
    if (stopped_by_) std::rethrow_exception(stopped_by_);
    return std::move(failures_);
  }

 private:
  static std::vector<const TrainOptions*> options_of(const std::vector<const SweepRun*>& runs) {
    std::vector<const TrainOptions*> options;
    for (const SweepRun* run : runs) options.push_back(&run->configuration->options);
    return options;
  }

  static std::int64_t epochs_of(const std::vector<const SweepRun*>& runs) {
    std::int64_t epochs = 0;
    for (const SweepRun* run : runs) epochs += run->configuration->options.epochs;
    return epochs;
  }

  /// One job: run after run until none is left or something other than a run's own trouble ended
  /// the sweep.
  void work() {
    at::set_num_threads(static_cast<int>(request_.threads));  // of this thread's operators
    for (std::size_t i = next_++; i < runs_.size() && !stopped_; i = next_++) {
      try {
        train_one(*runs_[i]);
      } catch (const InputError& problem) {
        const std::lock_guard lock(mutex_);
        log::warn(runs_[i]->name + ": " + problem.what());
        failures_.push_back({runs_[i]->name, problem.what()});
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!stopped_by_) stopped_by_ = std::current_exception();
        stopped_ = true;
      }
      shared_.give_back(runs_[i]->configuration->options);
    }
  }

  void train_one(const SweepRun& run) {
    throw_if_interrupted(kKept);
    const TrainOptions& options = run.configuration->options;
    const RunFolder folder = folder_of(request_, run);
    const bool resume = request_.resume && is_there(folder);
    if (resume && is_through(run, folder)) {
      return advance(options.epochs, run.name + ": finished before", /*skip=*/true);
    }
    const auto inputs = shared_.take(options);
    std::int64_t heard = 0;
    const EpochListener listener = [&](const EpochRecord& record) {
      ++heard;
      advance(1, concat(run.name, " epoch ", record.epoch), /*skip=*/false);
    };
    const TrainSummary summary = train_run(
        *run.configuration, *inputs,
        {folder.path(), resume, request_.force, request_.device, request_.command_line}, listener);
    advance(options.epochs - heard, run.name, /*skip=*/true);
    log::info(concat(run.name, ": ", options.select, " ",
                     fixed(shown_value(options.select, summary.state.best_value), 4), ", best of ",
                     summary.state.epoch(), " epochs"));
  }

  void advance(std::int64_t epochs, const std::string& note, bool skip) {
    const std::lock_guard lock(mutex_);
    if (skip) progress_.skip(epochs);
    progress_.advance(skip ? 0 : epochs, note);
  }

  const SweepRequest& request_;
  std::vector<const SweepRun*> runs_;
  SharedInputs shared_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;  ///< of what follows
  Progress progress_;
  std::vector<SweepFailure> failures_;
  std::exception_ptr stopped_by_;
};

}  // namespace

void check_sweep(const SweepPlan& plan, const SweepRequest& request) {
  std::error_code ignored;
  const bool there = std::filesystem::exists(request.out, ignored);
  const bool alone = request.shard.count == 1;
  if (request.resume && alone) require_exists(request.out, "--out", "the folder of a sweep");
  if (there && alone && !request.resume && !request.force &&
      !std::filesystem::is_empty(request.out, ignored)) {
    throw InputError("--out", request.out.string(),
                     "exists already; give another name, --resume or --force");
  }
  for (const SweepRun* run : own_runs(plan, request.shard)) {
    const RunFolder folder = folder_of(request, *run);
    if (!is_there(folder)) continue;
    if (request.resume) {
      require_resumable(*run->configuration, folder);
    } else {
      folder.require_free(request.force, run->configuration->options.init);
    }
  }
  check_inputs(plan);
}

std::vector<SweepFailure> run_sweep(const SweepPlan& plan, const SweepRequest& request) {
  make_folder(request.out, "--out");
  return Sweep(request, own_runs(plan, request.shard)).run();
}

}  // namespace mien
