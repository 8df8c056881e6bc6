// mien evaluate for the commands that need its result in the run.
#pragma once

#include <string>

namespace mien {

/// `mien evaluate RUN` with its defaults; leaves RUN/evaluation/validation.json.
void evaluate_and_keep(const std::string& run, const std::string& device);

}  // namespace mien
