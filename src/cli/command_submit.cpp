// mien submit: a run's decisions in the challenge's template, or a check of any submission.
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/scoring/decided_run.h"
#include "mien/submission/check.h"
#include "mien/submission/fill.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  mien submit runs/expr --template CVPR_6th_ABAW_Expr_test_set_sample.txt \\\n"
    "              --bank banks/clip-l14 --out predictions.txt\n"
    "  mien submit --check predictions.txt --template CVPR_6th_ABAW_Expr_test_set_sample.txt";

struct Options {
  CommonOptions common;
  std::string run, form, out, task, check, weights = "best";
  std::vector<std::string> banks;
  bool force = false, raw = false;
};

void run_check(const Options& options) {
  const CheckSummary summary = check_submission(options.check, options.form);
  if (options.common.json) {
    print_json(to_json(summary));
    return;
  }
  print_text(concat(options.check, ": ", with_thousands(summary.rows), " rows of ",
                    submission_task_name(summary.task), " as the template wants them\n"));
}

void print_summary(const Options& options, const FillSummary& summary) {
  for (const std::string& video : summary.videos_without_embeddings) {
    log::warn("video " + video + " has no embedding: its rows hold the training prior");
  }
  if (options.common.json) {
    print_json(to_json(summary));
    return;
  }
  std::string text =
      concat("submission: ", options.out, "\n  task ", submission_task_name(summary.task), ", ",
             with_thousands(summary.rows), " rows of ", summary.videos, " videos, ",
             with_thousands(summary.interpolated_rows), " interpolated, ",
             summary.videos_without_embeddings.size(), " videos without embeddings\n ");
  for (const auto& [name, rows] : summary.histogram) {
    text += concat(" ", name, " ", with_thousands(rows));
  }
  print_text(text + "\n");
}

void run_submit(const Options& options) {
  const std::string device = options.common.apply();
  require_given("--template", options.form, "the challenge's file of rows to answer");
  if (!options.check.empty()) return run_check(options);
  require_given("RUN", options.run, "the folder of a run, or --check FILE");
  require_given("--out", options.out, "a file for the submission");
  require_writable_target(options.out, "--out", options.force);
  weights_of_run(options.run, options.weights);
  const Template form = read_template(options.form);
  if (!options.task.empty() && submission_task_from_name(options.task, "--task") != form.task) {
    throw InputError("--task", options.task,
                     "the header of " + options.form + " says " + submission_task_name(form.task));
  }
  const DecidedRun run = open_decided_run(options.run, options.weights, options.banks, options.raw);
  require_tasks(form.task, run.head().shape.tasks);
  const ScoresByTask probabilities = run.probabilities(form.videos, device);
  AtomicFile file(options.out);
  const FillSummary summary =
      fill(form, probabilities, priors_of(run.head()), file.stream(), run.rules);
  file.commit();
  print_summary(options, summary);
}

}  // namespace

void add_submit(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("submit", "A run -> a file that the challenge accepts, or a check of any file",
               kExample, options->common);
  command->add_option("RUN", options->run, "Folder that mien train made");
  command->add_option("--template", options->form, "The challenge's file of rows to answer");
  command->add_option("--bank", options->banks, "Bank with the test videos, repeatable")
      ->allow_extra_args(false);
  command->add_option("--out", options->out, "File to write");
  command->add_option("--task", options->task, "Must be the template's: expr, au, va, ce or mtl");
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  command->add_flag("--raw", options->raw, "Without the run's decisions.json");
  command->add_option("--check", options->check, "Validate this submission instead");
  command->add_flag("--force", options->force, "Replace --out");
  line.when_chosen(command, [options] { run_submit(*options); });
}

}  // namespace mien
