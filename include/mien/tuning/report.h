// The result of `mien tune`, for programs (also as RUN/evaluation/tune.json) and for people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/tuning/tune.h"

namespace mien {

struct TuneReport {
  std::vector<TaskTuning> tasks;
  std::vector<std::string> runs;
  std::uint64_t seed = 5;
  std::string decisions;         ///< path of the file
  std::string decisions_sha256;  ///< of its content
  std::string weights = "best";  ///< of every run
  std::string weights_sha256;    ///< of the first run's
  double seconds = 0;            ///< with scoring
};

/// contract.md, mien tune, and beside it intervals and a row an ingredient.
nlohmann::json to_json(const TuneReport& report);
std::string to_text(const TuneReport& report);

}  // namespace mien
