#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "data/out_of_memory.h"
#include "data/shared_inputs.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/training/sweep.h"
#include "mien/training/sweep_table.h"
#include "sweep/sweep_runs.h"

namespace mien {
namespace {

/// Those of one data set after each other, so that few are in memory at a time.
std::vector<const SweepRun*> by_data(std::vector<const SweepRun*> runs) {
  std::ranges::stable_sort(
      runs, {}, [](const SweepRun* run) { return data_key(run->configuration->options); });
  return runs;
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
        with_memory_as_input([&] { train_one(*runs_[i]); });
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
    throw_if_interrupted(kEpochsAreKept);
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

std::vector<SweepFailure> run_sweep(const SweepPlan& plan, const SweepRequest& request) {
  make_folder(request.out, "--out");
  return Sweep(request, by_data(own_runs(plan, request.shard))).run();
}

}  // namespace mien
