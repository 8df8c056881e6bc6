// Data sets that several trainings share.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mien/core/error.h"
#include "mien/training/inputs.h"
#include "mien/training/options.h"

namespace mien {

/// What has to be equal for two trainings to read the same rows.
std::string data_key(const TrainOptions& options);

/// Each data set is loaded by the first training that asks for it, while the others wait, and let
/// go of when the last one that was announced has returned it. Safe from several threads.
class SharedInputs {
 public:
  /// `users`: the trainings to come; each takes its inputs once. They outlive this object.
  SharedInputs(const std::vector<const TrainOptions*>& users, std::string device);

  /// Throws what load_inputs() throws; an InputError again for each that asks, without
  /// another try.
  std::shared_ptr<const TrainingInputs> take(const TrainOptions& options);

  /// The user with these options has come to its end.
  void give_back(const TrainOptions& options);

 private:
  struct Entry {
    std::mutex mutex;
    std::shared_ptr<const TrainingInputs> inputs;
    std::optional<InputError> problem;
    std::size_t users = 0;
    bool standardise = false;  ///< one of the users needs the moments
  };

  std::string device_;
  std::map<std::string, Entry> entries_;
};

}  // namespace mien
