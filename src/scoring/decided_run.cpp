#include "mien/scoring/decided_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "mien/scoring/decisions_file.h"

namespace mien {
namespace fs = std::filesystem;

std::vector<std::string> matching_banks(const std::vector<std::string>& folders,
                                        const HeadMetadata& head, const fs::path& run) {
  std::vector<std::string> digests, out;
  for (const std::string& folder : folders) {
    digests.push_back(open_bank(folder).info().encoder.file_sha256);
  }
  std::vector<bool> taken(folders.size());
  for (const HeadInput& input : head.inputs) {
    std::size_t at = 0;
    while (at < folders.size() && (taken[at] || digests[at] != input.encoder_sha256)) ++at;
    if (at == folders.size()) {
      const auto needed =
          std::ranges::count(head.inputs, input.encoder_sha256, &HeadInput::encoder_sha256);
      throw InputError(
          "--bank", join(folders),
          concat("expected ", needed == 1 ? std::string("one") : std::to_string(needed), " of ",
                 input.encoder_name, " (", input.encoder_sha256.substr(0, 12), "), which ",
                 run.string(), " was trained on"));
    }
    taken[at] = true;
    out.push_back(folders[at]);
  }
  return out;
}

namespace {

/// What is done to the scores of tasks that nobody tuned.
std::string untuned_description(const std::vector<Task>& tasks) {
  nlohmann::json out = {{"smoothing", 0}};
  for (const Task& task : reported_tasks(tasks)) {
    if (task.is_classes()) out[task_name(task)] = "argmax";
    if (task.is_binary()) out[task_name(task)] = "p >= 0.5";
  }
  return json_text(out);
}

}  // namespace

LogitsByTask OpenRun::probabilities(const std::vector<std::string>& videos,
                                    const std::string& device) const {
  LogitsByTask scores = cached_logits(folder, weights, head, banks, videos, device);
  for (auto& [task, of_task] : scores) of_task = probabilities_of(of_task);
  return scores;
}

std::vector<OpenRun> open_runs(const std::vector<fs::path>& folders,
                               const std::vector<std::string>& which,
                               const std::vector<std::string>& banks, BankUse use) {
  std::vector<OpenRun> runs;
  for (std::size_t r = 0; r < folders.size(); ++r) {
    OpenRun run{.folder = folders[r], .weights = weights_of_run(folders[r], which.at(r))};
    run.head = read_head_metadata(run.weights);
    const auto names = banks.empty()         ? run.head.banks
                       : folders.size() == 1 ? banks
                                             : matching_banks(banks, run.head, run.folder);
    run.banks = open_banks(names, run.head, use);
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<Bank> DecidedRun::banks() const {
  std::vector<Bank> out;
  for (const OpenRun& run : runs) {
    for (const Bank& bank : run.banks) {
      if (std::ranges::find(out, bank.folder(), &Bank::folder) == out.end()) out.push_back(bank);
    }
  }
  return out;
}

LogitsByTask DecidedRun::probabilities(const std::vector<std::string>& videos,
                                       const std::string& device) const {
  std::vector<LogitsByTask> of_runs;
  of_runs.reserve(runs.size());
  for (const OpenRun& run : runs) of_runs.push_back(run.probabilities(videos, device));
  return blended(std::move(of_runs));
}

LogitsByTask DecidedRun::blended(std::vector<LogitsByTask> of_runs) const {
  LogitsByTask out;
  for (const Task& task : tasks) {
    std::vector<double> weights = rule(task).weights;
    std::vector<TaskScores> scores;
    for (LogitsByTask& of_run : of_runs) {
      const bool predicts = of_run.contains(task);
      if (weights.empty() && predicts) {
        scores = {std::move(of_run.at(task))};
        weights = {1.0};
        break;
      }
      scores.push_back(predicts ? std::move(of_run.at(task)) : TaskScores{task, {}});
    }
    out[task] = scores.size() == 1 ? std::move(scores.front()) : blend(scores, weights);
  }
  return out;
}

Priors DecidedRun::priors() const {
  Priors priors;
  for (const OpenRun& run : runs) priors.merge(priors_of(run.head));
  return priors;
}

DecisionRule DecidedRun::rule(Task task) const {
  return rule_for(rules, task);
}

bool DecidedRun::decides_by_tuning() const {
  return std::ranges::any_of(rules, [](const auto& entry) {
    const DecisionRule& rule = entry.second;
    const auto raises = [](double bias) { return bias != 0; };
    const auto moves = [](double threshold) { return threshold != .5; };
    return rule.smoothing != Smoothing() || std::ranges::any_of(rule.bias, raises) ||
           std::ranges::any_of(rule.thresholds, moves) ||
           (!rule.weights.empty() && rule.weights.front() != 1);
  });
}

std::string DecidedRun::description() const {
  if (rules.empty()) return untuned_description(tasks);
  nlohmann::json out;
  for (const auto& [task, tuned] : rules) out[task_name(task)] = to_json(task, tuned);
  if (runs.size() > 1) {
    for (const OpenRun& run : runs) out["runs"].push_back(run.folder.string());
  }
  return json_text(out);
}

DecidedRun open_decided_run(const fs::path& folder, const std::string& which,
                            const std::vector<std::string>& banks, bool raw, BankUse use) {
  weights_of_run(folder, which);  // what is wrong with the run comes before its decisions
  const fs::path file = decisions_path(folder);
  std::error_code ignored;
  if (raw || !fs::exists(file, ignored)) {
    std::vector<OpenRun> alone = open_runs({folder}, {which}, banks, use);
    const std::vector<Task> tasks = alone.front().head.shape.tasks;
    return {std::move(alone), {}, tasks};
  }
  const DecisionsFile tuned = read_decisions(file);
  std::vector<fs::path> folders = {folder};
  std::vector<std::string> weights = {which};
  for (std::size_t r = 1; r < tuned.runs.size(); ++r) {
    folders.emplace_back(tuned.runs[r].path);
    weights.push_back(tuned.runs[r].weights);
  }
  DecidedRun run{open_runs(folders, weights, banks, use), tuned.rules, {}};
  run.tasks = run.head().shape.tasks;
  for (std::size_t r = 0; r < run.runs.size(); ++r) {
    require_tuned_weights(run.runs[r].weights, tuned.runs[r], file);
  }
  return run;
}

}  // namespace mien
