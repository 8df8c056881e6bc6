// mien evaluate for the commands that need its result.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mien {

/// What `mien evaluate RUN --json` gives, `banks` and `annotations` empty: as trained. Only then it
/// is left in RUN/evaluation/validation.json, where that can be written.
nlohmann::json evaluate_and_keep(const std::string& run, const std::vector<std::string>& banks,
                                 const std::string& annotations, const std::string& device);

}  // namespace mien
