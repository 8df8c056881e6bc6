// mien tune: decisions on top of the scores, chosen on the validation videos, worth what unseen
// videos say.
#include "mien/tuning/tune.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/bank/image_numbers.h"
#include "mien/core/digest.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/data/splits.h"
#include "mien/encoder/runtime.h"
#include "mien/scoring/decided_run.h"
#include "mien/scoring/decisions_file.h"
#include "mien/training/dataset.h"
#include "mien/tuning/report.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kExample =
    "  mien tune runs/joint\n"
    "  mien tune runs/joint runs/joint-7 runs/b32 --ingredients blend,smoothing";

struct Options {
  CommonOptions common;
  std::vector<std::string> runs, banks;
  std::string annotations, weights = "best", ingredients = "blend,smoothing,levels";
  std::int64_t folds = 5, seed = 5, bootstrap = 2000;
};

TuneOptions tune_options(const Options& options) {
  require_in("--folds", options.folds, 2, 1000);
  require_in("--seed", options.seed, 0, INT64_MAX);
  require_in("--bootstrap", options.bootstrap, 0, 1'000'000);
  TuneOptions tune;
  tune.folds = options.folds;
  tune.seed = static_cast<std::uint64_t>(options.seed);
  tune.bootstrap.draws = options.bootstrap;
  tune.threads = runtime_facts().threads;
  tune.ingredients.clear();
  for (const std::string_view name : split(options.ingredients, ',')) {
    tune.ingredients.push_back(ingredient_from_name(trim(name), "--ingredients"));
  }
  return tune;
}

void require_one_split(const std::vector<OpenRun>& runs) {
  const SplitSpec& first = runs.front().head.split;
  for (const OpenRun& run : runs) {
    const SplitSpec& split = run.head.split;
    if (split.train == first.train && split.validation == first.validation &&
        split.folds == first.folds && split.fold == first.fold && split.group == first.group) {
      continue;
    }
    throw InputError("RUN", run.folder.string(),
                     "was trained on another split than " + runs.front().folder.string() +
                         ": its training videos would choose the decisions");
  }
}

/// Groups of the labels that a run was trained with, where they are still there.
std::set<std::string> training_groups(const OpenRun& run, const Annotations& annotations) {
  const bool own = annotations.empty() || all_exist(run.head.annotations);
  return groups_of(load_split_side(own ? run.head.annotations : annotations, run.head.shape.tasks,
                                   run.head.split, Split::kTrain));
}

/// Folds are dealt over the videos of a run's own tasks: equal words in two runs may hold out
/// different videos. What the first run's own split shares is its own affair and was named then.
void require_unseen(const std::vector<OpenRun>& runs, const SplitLabels& validation,
                    const Annotations& annotations) {
  if (runs.size() == 1) return;
  const std::set<std::string> held_out = groups_of(validation);
  const std::set<std::string> known = training_groups(runs.front(), annotations);
  for (std::size_t r = 1; r < runs.size(); ++r) {
    const std::set<std::string> trained = training_groups(runs[r], annotations);
    for (const std::string& group : held_out) {
      if (!trained.contains(group) || known.contains(group)) continue;
      throw InputError("RUN", runs[r].folder.string(),
                       "was trained on the recording " + group + ", which validates " +
                           runs.front().folder.string() +
                           "; expected a run that held out the same videos");
    }
  }
}

std::vector<OpenRun> open_all(const Options& options) {
  if (options.runs.empty()) {
    throw InputError("RUN", "(nothing)", "expected the folder of a run, or several to blend");
  }
  std::vector<fs::path> folders;
  for (const std::string& run : options.runs) {
    const fs::path folder = fs::absolute(run).lexically_normal();
    if (std::ranges::find(folders, folder) != folders.end()) {
      throw InputError("RUN", run, "is given twice");
    }
    folders.push_back(folder);
  }
  std::vector<OpenRun> runs =
      open_runs(folders, std::vector<std::string>(folders.size(), options.weights), options.banks);
  require_one_split(runs);
  return runs;
}

/// The runs that a rule gives weight to, the first always, and the rules in their numbers.
DecisionsFile decisions_of(const std::vector<OpenRun>& runs, const Options& options,
                           const std::vector<TaskTuning>& tasks) {
  DecisionsFile file;
  std::vector<std::size_t> used;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const bool weighs = std::ranges::any_of(tasks, [r](const TaskTuning& tuning) {
      return !tuning.rule.weights.empty() && tuning.rule.weights[r] > 0;
    });
    if (r > 0 && !weighs) continue;
    used.push_back(r);
    file.runs.push_back(
        {r == 0 ? "." : runs[r].folder.string(), options.weights, sha256_of_file(runs[r].weights)});
  }
  for (const TaskTuning& tuning : tasks) {
    DecisionRule rule = tuning.rule;
    if (!rule.weights.empty()) {
      rule.weights.clear();
      for (const std::size_t r : used) rule.weights.push_back(tuning.rule.weights[r]);
    }
    file.rules[tuning.task] = rule;
  }
  return file;
}

/// Each task's tuning over the runs that predict it.
std::vector<TaskTuning> tune_all(const std::vector<OpenRun>& runs, const Options& options,
                                 const SplitLabels& labels, const std::string& device) {
  TuneOptions tune = tune_options(options);
  std::vector<LogitsByTask> scores;
  for (const OpenRun& run : runs) scores.push_back(run.probabilities(videos_of(labels), device));
  std::vector<TaskTuning> tasks;
  for (const LabelSet& set : labels) {
    std::vector<TaskScores> of_task;
    std::vector<std::size_t> position;
    for (std::size_t r = 0; r < runs.size(); ++r) {
      if (!scores[r].contains(set.task)) continue;
      of_task.push_back(std::move(scores[r].at(set.task)));
      position.push_back(r);
    }
    TaskTuning& tuning = tasks.emplace_back(tune_task(of_task, set, tune));
    if (tuning.rule.weights.empty()) continue;
    std::vector<double> of_runs(runs.size());
    for (std::size_t i = 0; i < position.size(); ++i) of_runs[position[i]] = tuning.rule.weights[i];
    tuning.rule.weights = of_runs;
  }
  return tasks;
}

void keep_report(const fs::path& run, const nlohmann::json& result) {
  make_folder(run / "evaluation", "RUN");
  write_text(run / "evaluation" / "tune.json", json_text(result, 2) + "\n");
}

void run_tune(const Options& options) {
  const std::string device = options.common.apply();
  tune_options(options);
  const std::vector<OpenRun> runs = open_all(options);
  const HeadMetadata& head = runs.front().head;
  SplitLabels labels = load_split_side(
      options.annotations.empty() ? head.annotations : Annotations(options.annotations),
      head.shape.tasks, head.split, Split::kValidation);
  number_images(labels, runs.front().banks.front());
  require_unseen(runs, labels, options.annotations);
  const auto start = Clock::now();
  TuneReport report{.tasks = tune_all(runs, options, labels, device)};
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  report.seed = static_cast<std::uint64_t>(options.seed);
  for (const OpenRun& run : runs) report.runs.push_back(run.folder.string());
  const fs::path file = decisions_path(runs.front().folder);
  report.decisions = file.string();
  const DecisionsFile decisions = decisions_of(runs, options, report.tasks);
  write_decisions(file, decisions);
  report.decisions_sha256 = sha256_of_file(file);
  report.weights = options.weights;
  report.weights_sha256 = decisions.runs.front().weights_sha256;
  const nlohmann::json result = to_json(report);
  keep_report(runs.front().folder, result);
  if (options.common.json) {
    print_json(result);
  } else {
    print_text(to_text(report));
  }
}

}  // namespace

void add_tune(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("tune", "Smoothing, class biases, thresholds and blends, and what they are worth",
               kExample, options->common);
  command->add_option("RUN", options->runs,
                      "Folders that mien train made; the first is tuned, the others blended in");
  command
      ->add_option("--ingredients", options->ingredients,
                   "Some of blend, smoothing, levels (biases and thresholds)")
      ->capture_default_str();
  add_whole_number(command, "--folds", options->folds,
                   "Folds of whole recordings; fewer where there are fewer");
  add_whole_number(command, "--seed", options->seed, "Of the folds");
  command->add_option("--annotations", options->annotations,
                      "Labels: folder or table [as trained]");
  command->add_option("--bank", options->banks, "Bank, repeatable [as trained]")
      ->allow_extra_args(false);
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  add_whole_number(command, "--bootstrap", options->bootstrap,
                   "Draws over videos for the 95 % intervals; 0: none");
  line.when_chosen(command, [options] { run_tune(*options); });
}

}  // namespace mien
