// mien evaluate: a run, or anybody's prediction file, against the labels.
#include "mien/evaluation/evaluate.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "flags/scoring_flags.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/evaluation/predictions.h"
#include "mien/evaluation/report.h"
#include "mien/scoring/decisions_file.h"
#include "runs/bank_groups.h"
#include "runs/evaluate_and_keep.h"
#include "runs/run_answers.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kExample =
    "  mien evaluate runs/joint\n"
    "  mien evaluate runs/joint --bank banks/l14-jpeg3 --bank banks/l14-noise3\n"
    "  mien evaluate --predictions predictions.txt --annotations 6th_ABAW_Annotations";

struct Options {
  CommonOptions common;
  std::string run, predictions, task;
  std::vector<std::string> banks;
  ScoringFlags scoring;
  bool all_frames = false;
};

EvaluationOptions evaluation_options(const Options& options) {
  EvaluationOptions evaluation = options.scoring.evaluation();
  evaluation.all_frames = options.all_frames;
  return evaluation;
}

RunQuery query_of(const Options& options, const BankGroups& banks) {
  RunQuery query = options.scoring.query(options.run);
  query.banks = banks.clean;
  return query;
}

std::map<Task, TaskDecisions> read_given_predictions(const Options& options) {
  return read_predictions(options.predictions,
                          options.task.empty() ? submission_task_of_file(options.predictions)
                                               : submission_task_from_name(options.task, "--task"));
}

/// The file's decisions of the tasks that the run has; none without a file.
std::map<Task, TaskDecisions> predictions_beside(const Options& options) {
  if (options.predictions.empty()) return {};
  auto decisions = read_given_predictions(options);
  const HeadMetadata head =
      read_head_metadata(weights_of_run(options.run, options.scoring.weights));
  const std::vector<Task>& tasks = head.shape.tasks;
  std::erase_if(decisions, [&tasks](const auto& entry) {
    return std::ranges::find(tasks, entry.first) == tasks.end();
  });
  if (decisions.empty()) {
    throw InputError("--task", options.task,
                     "expected a task of the run: " + join(names_of(tasks)));
  }
  return decisions;
}

/// How many banks the run reads at once; 0 for a blend, whose runs choose by encoder.
std::size_t banks_a_corruption(const Options& options) {
  const auto weights = weights_of_run(options.run, options.scoring.weights);
  const auto decisions = decisions_path(options.run);
  std::error_code ignored;
  if (!options.scoring.raw && std::filesystem::exists(decisions, ignored) &&
      read_decisions(decisions).runs.size() > 1) {
    return 0;
  }
  return read_head_metadata(weights).inputs.size();
}

/// The same run on the corrupted banks, beside its answers on the clean ones.
void add_robustness(const BankGroups& banks, const RunQuery& query, const RunAnswers& clean,
                    const EvaluationOptions& evaluation, const std::string& device,
                    EvaluationReport& report) {
  if (banks.corrupted.empty()) return;
  std::map<Task, std::vector<CorruptedDecisions>> corrupted;
  for (const CorruptedBanks& group : banks.corrupted) {
    const RunAnswers answers = answers_on(group.folders, clean, query, device);
    report.scoring_seconds += answers.scoring_seconds;
    for (const auto& [task, decisions] : answers.decisions) {
      corrupted[task].push_back({corruption_text(group.corruption), decisions});
    }
  }
  for (const LabelSet& set : clean.labels) {
    report.robustness.emplace(set.task, robustness_of(clean.decisions.at(set.task),
                                                      corrupted.at(set.task), set, evaluation));
  }
}

/// A run's logits, decided and scored.
EvaluationReport evaluate_run(const Options& options, const std::string& device) {
  EvaluationOptions evaluation = evaluation_options(options);
  const auto others = predictions_beside(options);
  const BankGroups banks = group_banks(options.banks, banks_a_corruption(options));
  const RunQuery query = query_of(options, banks);
  const RunAnswers answers = answers_of(query, device);
  EvaluationReport report{.split = split_from_name(options.scoring.split, "--split"),
                          .rules = answers.rules,
                          .decisions = answers.decisions_json,
                          .weights_sha256 = answers.weights_sha256,
                          .in_sample = answers.in_sample,
                          .scoring_seconds = answers.scoring_seconds};
  const Priors priors = priors_of(answers.head);
  for (const LabelSet& set : answers.labels) {
    TaskDecisions filled;
    if (options.all_frames) filled = answers.at_labels(set);
    evaluation.interpolated = options.all_frames ? &filled : nullptr;
    evaluation.prior = priors.contains(set.task) ? priors.at(set.task) : Prior();
    TaskResult& result = report.tasks[set.task] =
        evaluate_task(answers.decisions.at(set.task), set, evaluation);
    const TaskScores& logits = answers.logits.at(set.task);
    result.diagnostics = diagnose(logits, probabilities_of(logits), set, result.partly_known);
    if (others.contains(set.task)) {
      result.agreement =
          agreement_of(answers.decisions.at(set.task), others.at(set.task), options.predictions);
    }
  }
  add_robustness(banks, query, answers, evaluation, device, report);
  return report;
}

EvaluationReport evaluate_file(const Options& options) {
  require_given("--annotations", options.scoring.annotations, "the folder of the annotations");
  const EvaluationOptions evaluation = evaluation_options(options);
  const auto start = Clock::now();
  const auto decisions = read_given_predictions(options);
  EvaluationReport report{.split = split_from_name(options.scoring.split, "--split")};
  report.scoring_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (const auto& [task, of_task] : decisions) {
    const LabelSet labels = load_labels(options.scoring.annotations, task, report.split);
    report.tasks.emplace(task, evaluate_task(of_task, labels, evaluation));
  }
  return report;
}

/// RUN/evaluation/<split>[-last][-raw].json, for `mien report` and scripts; of the data the run was
/// trained with, scored as it is published. Another question's answer does not replace it.
void keep_result(const Options& options, const nlohmann::json& result) {
  if (!options.banks.empty() || !options.scoring.annotations.empty() || options.all_frames ||
      !options.predictions.empty() || options.scoring.partly_known != "auto" ||
      options.scoring.bootstrap == 0) {
    return;
  }
  const std::filesystem::path folder = std::filesystem::path(options.run) / "evaluation";
  const std::string name =
      concat(options.scoring.split, options.scoring.weights == "best" ? "" : "-last",
             options.scoring.raw ? "-raw" : "", ".json");
  try {
    make_folder(folder, "RUN");
    write_text(folder / name, json_text(result, 2) + "\n");
  } catch (const InputError& problem) {  // a run on a read-only disk is still evaluated
    log::warn(std::string("the result is not kept: ") + problem.what());
  }
}

void run_evaluate(const Options& options) {
  const std::string device = options.common.apply();
  if (options.run.empty() && options.predictions.empty()) {
    throw InputError("RUN", "(nothing)",
                     "expected the folder of a run, --predictions FILE, or both");
  }
  const EvaluationReport report =
      options.run.empty() ? evaluate_file(options) : evaluate_run(options, device);
  const nlohmann::json result = to_json(report);
  if (!options.run.empty()) keep_result(options, result);
  if (options.common.json) {
    print_json(result);
  } else {
    print_text(to_text(report));
  }
}

}  // namespace

nlohmann::json evaluate_and_keep(const std::string& run, const std::vector<std::string>& banks,
                                 const std::string& annotations, const std::string& device) {
  Options options{.run = run, .banks = banks};
  options.scoring.annotations = annotations;
  nlohmann::json result = to_json(evaluate_run(options, device));
  keep_result(options, result);
  return result;
}

void add_evaluate(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add(
      "evaluate", "Official metrics with confidence intervals, of a run or any prediction file",
      kExample, options->common);
  command->add_option("RUN", options->run, "Folder that mien train made");
  command->add_option(
      "--predictions", options->predictions,
      "Submission file to score, whoever made it; beside a RUN: how far both agree");
  command->add_option("--task", options->task,
                      "Its task [by its header]: " + labelled_submission_tasks());
  command
      ->add_option("--bank", options->banks,
                   "Bank, repeatable [as trained]; beside them corrupted ones (encode --corrupt): "
                   "how far the run falls")
      ->allow_extra_args(false);
  options->scoring.add_to(command);
  command->add_flag("--all-frames", options->all_frames,
                    "Score labelled frames without a prediction too, interpolated");
  line.when_chosen(command, [options] { run_evaluate(*options); });
}

}  // namespace mien
