// Many trainings over one data set: the product of lists of values, a run for each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mien/config/fields.h"
#include "mien/data/shards.h"
#include "mien/training/training_run.h"

namespace mien {

/// One run of a sweep.
struct SweepRun {
  std::string name;                 ///< of its folder: "alpha=0.5,seed=1"
  std::vector<std::string> values;  ///< one an axis
  std::unique_ptr<Configuration> configuration;
};

struct SweepPlan {
  std::vector<GridAxis> axes;  ///< in the order of the file
  std::vector<SweepRun> runs;  ///< the last axis changes fastest

  /// Of axes[a], short: the end of the key that tells it from the others.
  std::vector<std::string> labels;
};

/// The product of the grid's lists over the configuration in `config` with `overrides`. Throws
/// InputError for what cannot be read, a key that is given twice, `select` (runs are compared by
/// it), and any combination that check() refuses: nothing starts before all of it is right.
SweepPlan plan_sweep(const std::filesystem::path& config, const std::vector<std::string>& overrides,
                     const std::filesystem::path& grid);

struct SweepRequest {
  std::filesystem::path out;
  std::int64_t jobs = 1;     ///< trainings at a time
  std::int64_t threads = 1;  ///< of each
  bool resume = false;
  bool force = false;
  Shard shard;  ///< runs index, index + count, ... are this process's
  std::string device;
  std::vector<std::string> command_line;
};

/// Throws InputError for a folder or a run that cannot be taken, banks or labels that cannot be
/// read, and heads that cannot be made; with `resume` for a finished run that was trained on other
/// data than is there now. Warns of leaks. Writes nothing.
void check_sweep(const SweepPlan& plan, const SweepRequest& request);

/// A run that did not come to its end, and why.
struct SweepFailure {
  std::string run, reason;
};

/// Trains this process's runs; with `resume` those that are finished are left alone and the others
/// go on. A run that fails, for want of memory too, does not hold up the others. Data is loaded
/// once for all runs that share it, and let go of after the last of them. Each run equals what
/// train_run() makes with as many threads. Throws Interrupted on Ctrl-C.
std::vector<SweepFailure> run_sweep(const SweepPlan& plan, const SweepRequest& request);

}  // namespace mien
