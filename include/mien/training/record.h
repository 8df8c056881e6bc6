// record.json: where a result comes from.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/training/inputs.h"
#include "mien/training/trainer.h"

namespace mien {

/// What a record says of the data. Of a bank it is its Bank::state_digest(): another one does not
/// yet say that the rows of the training are others.
struct DataDigests {
  std::string labels;
  std::vector<std::string> banks;

  bool operator==(const DataDigests&) const = default;
};
DataDigests digests_of(const std::vector<Bank>& banks, const LabelSplit& labels);
DataDigests digests_in(const nlohmann::json& record);  ///< empty where it has none

/// Known before the first step: versions, machine, command line, threads, seed, digests, counts.
nlohmann::json start_record(const TrainOptions& options, const TrainingInputs& inputs,
                            const std::string& device,
                            const std::vector<std::string>& command_line);

/// Adds what the training came to.
void finish_record(nlohmann::json& record, const TrainSummary& summary, double wall_seconds);

}  // namespace mien
