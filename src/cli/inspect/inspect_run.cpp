#include "inspect/inspect_run.h"

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/head/head_file.h"
#include "mien/scoring/decisions_file.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

/// Of the run's own split, as far as its annotations are still where they were.
void inspect_split(const HeadMetadata& head, Inspection& found) {
  try {
    const LabelSplit split = load_label_split(head.annotations, head.shape.tasks, head.split);
    found.facts["recordings_in_both_splits"] = report_leaks(split, "split", found);
  } catch (const InputError& problem) {
    found.facts["recordings_in_both_splits"] = nullptr;
    found.warnings.push_back(std::string("the split was not looked at: ") + problem.what());
  }
}

/// Whether the run has the weights that were tuned; null when there are none of that name.
json matches(const fs::path& run, const std::string& weights, const std::string& sha256) {
  const fs::path file = run / (weights + ".safetensors");
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return nullptr;
  return sha256_of_file(file) == sha256;
}

/// decisions.json: null when nothing was tuned.
void inspect_decisions(const fs::path& path, Inspection& found) {
  json& facts = found.facts["decisions"];
  const fs::path file = decisions_path(path);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  try {
    const DecisionsFile decisions = read_decisions(file);
    facts = {{"matches_best", matches(path, "best", decisions.runs.front().weights_sha256)},
             {"tuned_on", json::array()},
             {"tasks", json::object()}};
    for (std::size_t r = 0; r < decisions.runs.size(); ++r) {
      const DecidingRun& run = decisions.runs[r];
      const fs::path folder = r == 0 ? path : fs::path(run.path);
      const json same = matches(folder, run.weights, run.weights_sha256);
      facts["tuned_on"].push_back({{"run", run.path},
                                   {"weights", run.weights},
                                   {"weights_sha256", run.weights_sha256},
                                   {"matches", same}});
      if (same == true) continue;
      found.warnings.push_back(concat("decisions.json was tuned on other weights than ",
                                      (folder / (run.weights + ".safetensors")).string(),
                                      same.is_null() ? ", which is not there" : "",
                                      ": mien tune again, or --raw"));
    }
    for (const auto& [task, rule] : decisions.rules) {
      facts["tasks"][task_name(task)] = to_json(task, rule);
    }
  } catch (const InputError& problem) {
    found.problems.push_back(problem.what());
  }
}

}  // namespace

json report_leaks(const LabelSplit& split, const std::string& whose, Inspection& found) {
  const std::vector<std::string> recordings = leaks(split);
  if (!recordings.empty()) {
    found.warnings.push_back(
        concat(whose, ": ", recordings.size(),
               " recordings are in training and in validation: ", some_of(recordings)));
  }
  return recordings;
}

void inspect_run(const fs::path& path, bool verify, Inspection& found) {
  for (const char* which : {"best", "last"}) {
    try {
      const fs::path weights = weights_of_run(path, which);
      const HeadMetadata head = read_head_metadata(weights);
      if (verify) verify_head(weights, head);
      json inputs = json::array();
      for (const HeadInput& input : head.inputs) inputs.push_back(input.encoder_name);
      std::vector<std::string> tasks;
      for (const Task& task : head.shape.tasks) tasks.push_back(task_name(task));
      found.facts[which] = {{"epoch", head.epoch},
                            {"weights", head.weights},
                            {"sha256", sha256_of_file(weights)},
                            {"metrics", head.metrics}};
      found.facts["tasks"] = tasks;
      found.facts["encoders"] = inputs;
      found.facts["input_dim"] = head.shape.input_dim;
      found.facts["normalize"] = normalize_name(head.shape.normalize);
      if (!found.facts.contains("recordings_in_both_splits")) inspect_split(head, found);
      found.facts["banks"] = head.banks;
    } catch (const InputError& problem) {
      found.problems.push_back(problem.what());
    }
  }
  inspect_decisions(path, found);
  for (const char* file : {"config.yaml", "record.json", "metrics.csv", "state.safetensors"}) {
    if (!fs::exists(path / file)) found.problems.push_back(concat("there is no ", file));
  }
}

}  // namespace mien
