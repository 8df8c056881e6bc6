#include "mien/training/resume.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/head/head.h"
#include "mien/head/head_file.h"
#include "run/checkpoint.h"

namespace mien {
namespace {

bool is_place(const Difference& difference) {
  return difference.key == "bank" || difference.key == "annotations";
}

bool may_change(const Difference& difference, const TrainOptions& options) {
  const std::string& key = difference.key;
  if (key == "early_stop" || is_place(difference)) return true;
  if (key != "epochs" || options.schedule.kind != "constant") return false;
  std::int64_t before = 0;
  return parse_integer(difference.before, before) &&
         options.schedule.warmup_epochs <= std::min(before, options.epochs);
}

}  // namespace

void require_same_run(const RunFolder& run, const std::vector<Difference>& differences,
                      const TrainOptions& options) {
  std::vector<std::string> refused;
  for (const Difference& difference : differences) {
    if (!may_change(difference, options)) refused.push_back(difference.text());
  }
  if (refused.empty()) return;
  throw InputError("--resume", run.path().string(),
                   "the configuration changed (" + join(refused, "; ") +
                       "); expected the one the run was started with");
}

bool data_moved(const std::vector<Difference>& differences) {
  return std::ranges::any_of(differences, is_place);
}

void move_data(const RunFolder& run, const std::vector<std::string>& banks,
               const Annotations& annotations) {
  for (const std::filesystem::path& file : {run.best(), run.last()}) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) continue;
    HeadMetadata metadata = read_head_metadata(file);
    metadata.banks = banks;
    metadata.annotations = annotations;
    save_head(file, *load_head(file, metadata, "cpu"), metadata);
  }
}

void require_fits(const RunFolder& run, const TrainingState& state, const TrainOptions& options,
                  const std::string& data_digest) {
  if (state.data_digest != data_digest) {
    throw InputError("--resume", run.path().string(),
                     "the bank or the labels changed since; expected the same data");
  }
  if (state.epoch() > options.epochs) {
    throw InputError("epochs", std::to_string(options.epochs),
                     concat("expected at least the ", state.epoch(), " that ", run.path().string(),
                            " has been trained for"));
  }
}

void require_fits(const RunFolder& run, const TrainOptions& options,
                  const std::string& data_digest) {
  std::error_code ignored;
  if (!std::filesystem::exists(run.state(), ignored)) return;
  require_fits(run, read_checkpoint_state(run.state(), options.tasks), options, data_digest);
}

std::string outlook(const TrainingState& state, const TrainOptions& options,
                    const Schedule& schedule, std::int64_t steps_per_epoch) {
  const std::int64_t steps = options.epochs * steps_per_epoch - state.step;
  const std::string done = concat("resuming after epoch ", state.epoch(), " of ", options.epochs);
  if (steps == 0) return done + ": nothing to go";
  return concat(done, ": ", with_thousands(steps), " steps to go, learning rate ",
                options.schedule.kind, ", ", shortest(schedule.at(state.step)), " to ",
                shortest(schedule.at(state.step + steps - 1)));
}

}  // namespace mien
