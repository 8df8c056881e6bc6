// record.json: where a result comes from.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/training/inputs.h"
#include "mien/training/trainer.h"

namespace mien {

/// Known before the first step: versions, machine, command line, threads, seed, digests, counts.
nlohmann::json start_record(const TrainOptions& options, const TrainingInputs& inputs,
                            const std::string& device,
                            const std::vector<std::string>& command_line);

/// Adds what the training came to.
void finish_record(nlohmann::json& record, const TrainSummary& summary, double wall_seconds);

}  // namespace mien
