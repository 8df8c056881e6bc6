// How answers are scored, on the command line: of evaluate and compare.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "mien/evaluation/evaluate.h"
#include "runs/run_answers.h"

namespace mien {

struct ScoringFlags {
  std::string annotations, split = "validation", weights = "best", partly_known = "auto";
  std::int64_t bootstrap = 2000;
  bool raw = false;

  void add_to(CLI::App* command);

  /// Throw InputError for a flag that is out of range.
  EvaluationOptions evaluation() const;
  RunQuery query(const std::string& run) const;
};

}  // namespace mien
