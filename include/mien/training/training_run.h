// One training as a run: its folder, its log and its record around the loop.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mien/config/fields.h"
#include "mien/training/inputs.h"
#include "mien/training/options.h"
#include "mien/training/trainer.h"

namespace mien {

/// The options and the declarations that are bound to them.
struct Configuration {
  TrainOptions options;
  Fields fields = declare_fields(options);

  Configuration() = default;
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;
};

/// Where a training goes and how it takes its folder.
struct RunRequest {
  std::filesystem::path folder;
  bool resume = false;
  bool force = false;
  std::string device;
  std::vector<std::string> command_line;  ///< for the record
};

/// Trains into the folder: config.yaml, record.json, log.txt and what train() leaves. Nothing of an
/// older run is touched before all else is checked. With a `listener` the log goes to log.txt alone
/// and no progress is shown. Throws as train() does (record.json then has `failed`), and InputError
/// when the folder is taken, in use, or of another configuration.
TrainSummary train_run(const Configuration& configuration, const TrainingInputs& inputs,
                       const RunRequest& request, const EpochListener& listener = {});

/// Throws InputError when a run is in the folder that `--resume` cannot go on with. Reads only.
void require_resumable(const Configuration& configuration, const RunFolder& run);

}  // namespace mien
