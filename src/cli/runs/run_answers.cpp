#include "runs/run_answers.h"

#include <chrono>

#include "mien/bank/image_numbers.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/evaluation/evaluate.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;

void answer(const RunQuery& query, const DecidedRun& run, const std::string& device,
            RunAnswers& answers) {
  const std::vector<std::string> videos = videos_of(answers.labels);
  const OpenRun& own = run.runs.front();
  const auto start = Clock::now();
  answers.logits = cached_logits(query.run, own.weights, own.head, own.banks, videos, device);
  answers.probabilities = run.probabilities(videos, device);
  answers.scoring_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  answers.decisions_json = run.description();
  answers.weights_sha256 = sha256_of_file(own.weights);
  answers.in_sample = query.split == Split::kValidation && run.decides_by_tuning();
  for (const auto& [task, scores] : answers.probabilities) {
    const DecisionRule rule = answers.rules[task] = run.rule(task);
    answers.decisions[task] = decide(smoothed(scores, rule.smoothing), rule);
  }
}

}  // namespace

TaskDecisions RunAnswers::at_labels(const LabelSet& set) const {
  const DecisionRule& rule = rules.at(set.task);
  return decide(interpolated_at_labels(probabilities.at(set.task), set, rule.smoothing), rule);
}

std::optional<PartlyKnown> partly_known_from_name(const std::string& name) {
  if (name == "auto") return std::nullopt;
  if (name == "drop") return PartlyKnown::kDropRow;
  if (name == "mask") return PartlyKnown::kMaskValue;
  throw InputError("--partly-known", name, "expected auto, drop or mask",
                   nearest_match(name, {"auto", "drop", "mask"}));
}

RunAnswers answers_of(const RunQuery& query, const std::string& device) {
  const DecidedRun run = open_decided_run(query.run, query.weights, query.banks, query.raw);
  RunAnswers answers{.head = run.head()};
  answers.labels =
      load_split_side(query.annotations.empty() ? answers.head.annotations : query.annotations,
                      answers.head.shape.tasks, answers.head.split, query.split);
  number_images(answers.labels, run.runs.front().banks.front());
  answer(query, run, device, answers);
  return answers;
}

RunAnswers answers_on(const std::vector<std::string>& banks, const RunAnswers& known,
                      const RunQuery& query, const std::string& device) {
  RunAnswers answers{.head = known.head, .labels = known.labels};
  answer(query, open_decided_run(query.run, query.weights, banks, query.raw, BankUse::kMeasuring),
         device, answers);
  return answers;
}

}  // namespace mien
