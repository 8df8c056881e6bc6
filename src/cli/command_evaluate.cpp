// mien evaluate: a run, or anybody's prediction file, against the labels.
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/evaluation/evaluate.h"
#include "mien/evaluation/predictions.h"
#include "mien/evaluation/report.h"
#include "mien/scoring/decided_run.h"
#include "mien/training/dataset.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kExample =
    "  mien evaluate runs/expr\n"
    "  mien evaluate --predictions predictions.txt --annotations 6th_ABAW_Annotations --task au";

struct Options {
  CommonOptions common;
  std::string run, predictions, annotations, task, split = "validation", weights = "best";
  std::string au_invalid = "drop";
  std::vector<std::string> banks;
  std::int64_t bootstrap = 2000;
  bool all_frames = false, raw = false;
};

Split split_of(const Options& options) {
  if (options.split == "train") return Split::kTrain;
  if (options.split == "validation") return Split::kValidation;
  throw InputError("--split", options.split, "expected train or validation",
                   nearest_match(options.split, {"train", "validation"}));
}

EvaluationOptions evaluation_options(const Options& options) {
  require_in("--bootstrap", options.bootstrap, 0, 1'000'000);
  EvaluationOptions evaluation;
  evaluation.bootstrap.draws = options.bootstrap;
  evaluation.all_frames = options.all_frames;
  if (options.au_invalid == "mask") {
    evaluation.au_policy = AuPolicy::kMaskValue;
  } else if (options.au_invalid != "drop") {
    throw InputError("--au-invalid", options.au_invalid, "expected drop or mask",
                     nearest_match(options.au_invalid, {"drop", "mask"}));
  }
  return evaluation;
}

/// A run's scores, decided and scored.
EvaluationReport evaluate_run(const Options& options, const std::string& device) {
  EvaluationOptions evaluation = evaluation_options(options);
  const DecidedRun run = open_decided_run(options.run, options.weights, options.banks, options.raw);
  const HeadMetadata& head = run.head();
  const std::string annotations =
      options.annotations.empty() ? head.annotations : options.annotations;
  const Split split = split_of(options);
  const SplitLabels labels = load_split_side(annotations, head.shape.tasks, head.split, split);

  const auto start = Clock::now();
  const LogitsByTask scores = run.probabilities(videos_of(labels), device);
  EvaluationReport report{.split = split};
  report.decisions = run.description();
  const Priors priors = priors_of(head);
  report.scoring_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (const LabelSet& set : labels) {
    const DecisionRule rule = run.rule(set.task);
    const TaskScores& probabilities = scores.at(set.task);
    const TaskDecisions filled =
        decide(interpolated_at_labels(probabilities, set, rule.smoothing), rule);
    evaluation.interpolated = &filled;
    evaluation.prior = priors.contains(set.task) ? priors.at(set.task) : Prior();
    report.tasks.emplace(
        set.task,
        evaluate_task(decide(smoothed(probabilities, rule.smoothing), rule), set, evaluation));
  }
  return report;
}

EvaluationReport evaluate_file(const Options& options) {
  require_given("--annotations", options.annotations, "the folder of the annotations");
  require_given("--task", options.task, "expr, au, va or mtl");
  const EvaluationOptions evaluation = evaluation_options(options);
  const auto start = Clock::now();
  const auto decisions =
      read_predictions(options.predictions, submission_task_from_name(options.task, "--task"));
  EvaluationReport report{.split = split_of(options)};
  report.scoring_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (const auto& [task, of_task] : decisions) {
    const LabelSet labels = load_labels(options.annotations, task, report.split);
    report.tasks.emplace(task, evaluate_task(of_task, labels, evaluation));
  }
  return report;
}

void run_evaluate(const Options& options) {
  const std::string device = options.common.apply();
  if (options.run.empty() == options.predictions.empty()) {
    throw InputError("RUN", options.run.empty() ? "(nothing)" : options.run,
                     "expected either the folder of a run or --predictions FILE");
  }
  const EvaluationReport report =
      options.run.empty() ? evaluate_file(options) : evaluate_run(options, device);
  if (options.common.json) {
    print_json(to_json(report));
  } else {
    print_text(to_text(report));
  }
}

}  // namespace

void add_evaluate(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add(
      "evaluate", "Official metrics with confidence intervals, of a run or any prediction file",
      kExample, options->common);
  command->add_option("RUN", options->run, "Folder that mien train made");
  command->add_option("--predictions", options->predictions,
                      "Submission file to score instead, whoever made it");
  command->add_option("--task", options->task, "Its task: expr, au, va or mtl");
  command->add_option("--annotations", options->annotations,
                      "Folder of the labels [a run's: as trained]");
  command->add_option("--split", options->split, "train or validation")->capture_default_str();
  command->add_option("--bank", options->banks, "Bank, repeatable [as trained]")
      ->allow_extra_args(false);
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  add_whole_number(command, "--bootstrap", options->bootstrap,
                   "Draws over videos for the 95 % intervals; 0: none");
  command
      ->add_option("--au-invalid", options->au_invalid,
                   "A -1 among a frame's AUs: drop the frame, or mask that AU")
      ->capture_default_str();
  command->add_flag("--raw", options->raw, "Without the run's decisions.json");
  command->add_flag("--all-frames", options->all_frames,
                    "Score labelled frames without a prediction too, interpolated");
  line.when_chosen(command, [options] { run_evaluate(*options); });
}

}  // namespace mien
