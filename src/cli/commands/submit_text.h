// What mien submit says about the file that it wrote.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mien/scoring/decided_run.h"
#include "mien/submission/fill.h"

namespace mien {

/// One of the runs whose decisions were written.
struct SubmittedRun {
  std::string path, weights, weights_sha256;
  std::vector<std::string> missing_videos;  ///< of the template, that other runs answer alone
};

struct Submitted {
  std::string output;
  FillSummary summary;
  std::size_t counted_videos = 0;  ///< whose number of rows a bank said
  std::vector<SubmittedRun> runs;
  DecisionRules rules;
  std::string decisions_json;
};

/// The runs, and which of `videos` their banks lack while another run's have them.
std::vector<SubmittedRun> submitted_runs(const DecidedRun& run,
                                         const std::vector<std::string>& videos);

std::string to_text(const Submitted& submitted);

/// contract.md, mien submit.
nlohmann::json to_json(const Submitted& submitted);

}  // namespace mien
