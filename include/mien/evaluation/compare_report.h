// The result of `mien compare`, for programs and for people.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/evaluation/compare.h"

namespace mien {

/// One side against the first.
struct SideComparison {
  std::string name;  ///< folder of a run or a prediction file
  std::map<Task, TaskComparison> tasks;
  std::vector<std::string> tasks_left_out;  ///< that only one of the two has
  bool in_sample = false;                   ///< its decisions were tuned on these videos
};

struct CompareReport {
  Split split = Split::kValidation;
  std::string first;
  bool first_in_sample = false;  ///< its decisions were tuned on these videos
  std::int64_t draws = 0;
  std::vector<SideComparison> others;
};

nlohmann::json to_json(const CompareReport& report);

/// Plain columns, fit to be pasted.
std::string to_text(const CompareReport& report);

}  // namespace mien
