#include "mien/training/training_run.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/out_of_memory.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/folder_lock.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/training/record.h"
#include "mien/training/resume.h"
#include "mien/training/run_folder.h"

namespace mien {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

/// What a resumed run changes of its configuration, all of which may be. Reads only.
std::vector<Difference> changes_of(const Configuration& configuration, const RunFolder& run) {
  std::error_code ignored;
  if (!std::filesystem::exists(run.config(), ignored)) {
    if (!std::filesystem::exists(run.state(), ignored)) return {};
    throw InputError("--resume", run.path().string(),
                     "has a checkpoint but no config.yaml; expected both, or --force");
  }
  auto differences = configuration.fields.differences(run.config());
  require_same_run(run, differences, configuration.options);
  return differences;
}

/// Nothing of an older run is touched before all else is checked.
std::vector<Difference> prepare_folder(const Configuration& configuration,
                                       const TrainingInputs& inputs, const RunFolder& run,
                                       const RunRequest& request) {
  const TrainOptions& options = configuration.options;
  std::vector<Difference> changes;
  if (request.resume) {
    changes = changes_of(configuration, run);
    require_fits(run, options, inputs.data_digest());
    if (data_moved(changes)) move_data(run, bank_paths(options), options.annotations);
  } else {
    run.clear(request.force, options.init);
  }
  write_text(run.config(), configuration.fields.to_yaml(/*comments=*/true));
  return changes;
}

void write_record(const RunFolder& run, const json& record) {
  write_text(run.record(), json_text(record, 2) + "\n");
}

/// The training between the two states of its record.
TrainSummary train_with_record(const TrainOptions& options, const TrainingInputs& inputs,
                               const RunFolder& run, const RunRequest& request,
                               const EpochListener& listener) {
  const auto start = Clock::now();
  json record = start_record(options, inputs, request.device, request.command_line);
  write_record(run, record);
  try {
    TrainSummary summary;
    with_memory_as_input([&] {
      summary = train(options, inputs.training, inputs.validation, run,
                      metadata_of(options, inputs), request.device, request.resume, listener);
    });
    finish_record(record, summary, std::chrono::duration<double>(Clock::now() - start).count());
    write_record(run, record);
    return summary;
  } catch (const InputError& problem) {
    record["failed"] = problem.what();
    write_record(run, record);
    throw;
  }
}

}  // namespace

void require_resumable(const Configuration& configuration, const RunFolder& run) {
  changes_of(configuration, run);
}

TrainSummary train_run(const Configuration& configuration, const TrainingInputs& inputs,
                       const RunRequest& request, const EpochListener& listener) {
  const TrainOptions& options = configuration.options;
  const RunFolder run(request.folder);
  if (!request.resume) run.require_free(request.force, options.init);
  run.open(request.resume);
  const FolderLock lock(run.path(), "--out");
  const auto changes = prepare_folder(configuration, inputs, run, request);
  std::optional<log::FileCopy> copy;
  std::optional<log::ThreadFile> own;
  if (listener) {
    own.emplace(run.log());
  } else {
    copy.emplace(run.log());
  }
  for (const Difference& change : changes) log::info("changed since then: " + change.text());
  log::info(plan_text(options, inputs, request.device));
  return train_with_record(options, inputs, run, request, listener);
}

}  // namespace mien
