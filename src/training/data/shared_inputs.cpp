#include "data/shared_inputs.h"

#include <nlohmann/json.hpp>

#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {

std::string data_key(const TrainOptions& options) {
  return concat(join(options.bank, "\n"), "\n\n", json_text(to_json(options.annotations)), "\n",
                json_text(to_json(options.tasks)), "\n", options.split.group, "\n",
                options.split.train, "\n", options.split.validation, "\n", options.split.folds,
                "\n", options.split.fold);
}

SharedInputs::SharedInputs(const std::vector<const TrainOptions*>& users, std::string device)
    : device_(std::move(device)) {
  for (const TrainOptions* options : users) {
    Entry& entry = entries_[data_key(*options)];
    ++entry.users;
    entry.standardise = entry.standardise || options->normalize == "standardize";
  }
}

std::shared_ptr<const TrainingInputs> SharedInputs::take(const TrainOptions& options) {
  Entry& entry = entries_.at(data_key(options));
  const std::lock_guard lock(entry.mutex);
  if (entry.problem) throw InputError(*entry.problem);
  if (!entry.inputs) {
    TrainOptions wanted = options;
    if (entry.standardise) wanted.normalize = "standardize";
    wanted.init.clear();  // a head is made for each training, not here
    try {
      entry.inputs = std::make_shared<const TrainingInputs>(load_inputs(wanted, device_));
    } catch (const InputError& problem) {
      entry.problem = problem;
      throw;
    }
  }
  return entry.inputs;
}

void SharedInputs::give_back(const TrainOptions& options) {
  Entry& entry = entries_.at(data_key(options));
  const std::lock_guard lock(entry.mutex);
  if (--entry.users == 0) entry.inputs.reset();
}

}  // namespace mien
