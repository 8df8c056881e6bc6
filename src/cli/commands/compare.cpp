// mien compare: is one run better than another, or than anybody's prediction file?
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "command_line.h"
#include "commands/commands.h"
#include "flags/scoring_flags.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/evaluation/compare_report.h"
#include "mien/evaluation/predictions.h"
#include "runs/run_answers.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  mien compare runs/joint runs/joint-sam runs/joint-cvar\n"
    "  mien compare runs/joint --predictions theirs.txt";

struct Options {
  CommonOptions common;
  std::vector<std::string> runs, predictions;
  std::string task;
  ScoringFlags scoring;
};

/// What is compared: decisions by task, and the labels they answer to.
struct Side {
  std::string name;
  std::map<Task, TaskDecisions> decisions;
  std::map<Task, LabelSet> labels;
  bool in_sample = false;  ///< the decisions were tuned on these videos
};

Side side_of_run(const Options& options, const std::string& run, const std::string& device) {
  RunAnswers answers = answers_of(options.scoring.query(run), device);
  Side side{run, std::move(answers.decisions), {}, answers.in_sample};
  for (LabelSet& set : answers.labels) side.labels.emplace(set.task, std::move(set));
  return side;
}

using FileDecisions = std::map<std::string, std::map<Task, TaskDecisions>>;

FileDecisions read_files(const Options& options) {
  FileDecisions files;
  if (options.predictions.empty()) return files;
  if (options.runs.empty()) {
    require_given("--annotations", options.scoring.annotations, "the folder of the annotations");
  }
  for (const std::string& file : options.predictions) {
    files.emplace(file, read_predictions(file, options.task.empty() ? submission_task_of_file(file)
                                                                    : submission_task_from_name(
                                                                          options.task, "--task")));
  }
  return files;
}

/// Every side has a task of the first one: found out before a run is scored.
void require_common_task(const Options& options, const FileDecisions& files) {
  std::vector<std::pair<std::string, std::set<Task>>> sides;
  for (const std::string& run : options.runs) {
    const auto tasks = read_head_metadata(weights_of_run(run, options.scoring.weights)).shape.tasks;
    sides.emplace_back(run, std::set<Task>(tasks.begin(), tasks.end()));
  }
  for (const auto& [file, decisions] : files) {
    std::set<Task>& tasks = sides.emplace_back(file, std::set<Task>()).second;
    for (const auto& entry : decisions) tasks.insert(entry.first);
  }
  const auto& [first, known] = sides.front();
  for (const auto& [name, tasks] : sides) {
    if (std::ranges::any_of(tasks, [&known](const Task& task) { return known.contains(task); }))
      continue;
    std::vector<std::string> names;
    for (const Task& task : tasks) names.push_back(task_name(task));
    throw InputError(name, join(names), "expected a task that " + first + " has too");
  }
}

/// A file answers to --annotations, or to the labels of the first run.
Side side_of_file(const Options& options, const std::string& file, const FileDecisions& files,
                  const std::vector<Side>& sides) {
  Side side{.name = file, .decisions = files.at(file)};
  if (!options.runs.empty()) {
    side.labels = sides.front().labels;
    return side;
  }
  for (const auto& [task, decisions] : side.decisions) {
    side.labels.emplace(task, load_labels(options.scoring.annotations, task,
                                          split_from_name(options.scoring.split, "--split")));
  }
  return side;
}

SideComparison compare_sides(const Side& first, const Side& second,
                             const EvaluationOptions& evaluation) {
  SideComparison comparison{.name = second.name, .in_sample = second.in_sample};
  std::set<Task> tasks;
  for (const Side* side : {&first, &second}) {
    for (const auto& entry : side->decisions) tasks.insert(entry.first);
  }
  for (const Task& task : tasks) {
    const bool in_first = first.decisions.contains(task);
    const bool in_second = second.decisions.contains(task);
    if (in_first && in_second) {
      const LabelSet labels =
          common_labels(first.labels.at(task), second.labels.at(task), first.name, second.name);
      comparison.tasks.emplace(
          task, compare_decisions(first.decisions.at(task), second.decisions.at(task), labels,
                                  evaluation));
    } else if (in_first || in_second) {
      comparison.tasks_left_out.push_back(task_name(task));
    }
  }
  return comparison;
}

void run_compare(const Options& options) {
  const std::string device = options.common.apply();
  if (options.runs.size() + options.predictions.size() < 2) {
    throw InputError("RUN", options.runs.empty() ? "(nothing)" : options.runs.front(),
                     "expected two runs or more, or --predictions FILE beside it");
  }
  const EvaluationOptions evaluation = options.scoring.evaluation();
  CompareReport report{.split = split_from_name(options.scoring.split, "--split"),
                       .draws = options.scoring.bootstrap};
  const FileDecisions files = read_files(options);
  require_common_task(options, files);
  std::vector<Side> sides;
  for (const std::string& run : options.runs) sides.push_back(side_of_run(options, run, device));
  for (const std::string& file : options.predictions) {
    sides.push_back(side_of_file(options, file, files, sides));
  }
  report.first = sides.front().name;
  report.first_in_sample = sides.front().in_sample;
  for (std::size_t i = 1; i < sides.size(); ++i) {
    report.others.push_back(compare_sides(sides.front(), sides[i], evaluation));
  }
  if (options.common.json) {
    print_json(to_json(report));
  } else {
    print_text(to_text(report));
  }
}

}  // namespace

void add_compare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add(
      "compare", "Is a run better than the first one? Paired bootstrap over the videos of both",
      kExample, options->common);
  command->add_option("RUN", options->runs, "Folders that mien train made; the first is A");
  command
      ->add_option("--predictions", options->predictions,
                   "Submission file as another side, repeatable")
      ->allow_extra_args(false);
  command->add_option("--task", options->task,
                      "Task of the files [by their headers]: " + labelled_submission_tasks());
  options->scoring.add_to(command);
  line.when_chosen(command, [options] { run_compare(*options); });
}

}  // namespace mien
