// mien submit: a run's decisions in the challenge's template, or a check of any submission.
#include <algorithm>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/scoring/video_scorer.h"
#include "mien/submission/check.h"
#include "mien/submission/fill.h"
#include "mien/submission/submission_folder.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  mien submit runs/expr --template CVPR_6th_ABAW_Expr_test_set_sample.txt \\\n"
    "              --bank banks/clip-l14 --out predictions.txt\n"
    "  mien submit --check predictions.txt --template CVPR_6th_ABAW_Expr_test_set_sample.txt";

struct Options {
  CommonOptions common;
  std::string form, out, task, check, weights = "best";
  std::vector<std::string> runs, banks;
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

/// The classes and AUs of a task in the official order.
std::vector<std::string> answer_names(SubmissionTask task) {
  std::vector<std::string> names;
  if (task == SubmissionTask::kCe) names.assign(kCompoundNames.begin(), kCompoundNames.end());
  if (task == SubmissionTask::kExpr || task == SubmissionTask::kMtl) {
    names.assign(kExpressionNames.begin(), kExpressionNames.end());
  }
  if (task == SubmissionTask::kAu || task == SubmissionTask::kMtl) {
    names.insert(names.end(), kActionUnitNames.begin(), kActionUnitNames.end());
  }
  return names;
}

std::string histogram_text(const FillSummary& summary) {
  constexpr int kName = 24, kNumber = 14;
  const std::vector<std::string> names = answer_names(summary.task);
  if (names.empty()) return {};
  std::ostringstream text;
  const auto line = [&](const std::string& name, const std::string& rows, const std::string& share,
                        const std::string& prior) {
    text << "  " << std::left << std::setw(kName) << name << std::right << std::setw(kNumber)
         << rows << std::setw(kNumber) << share << std::setw(kNumber) << prior << "\n";
  };
  line("", "rows", "share", "in training");
  for (const std::string& name : names) {
    const std::int64_t rows = summary.histogram.at(name);
    const double share = 100 * static_cast<double>(rows) /
                         static_cast<double>(std::max<std::int64_t>(1, summary.rows));
    const auto prior = summary.prior.find(name);
    line(name, with_thousands(rows), fixed(share, 1) + " %",
         prior == summary.prior.end() ? "" : fixed(100 * prior->second, 1) + " %");
  }
  return std::move(text).str();
}

/// "3 videos of one class only: a, b, c"
std::string odd_text(const std::vector<std::string>& videos, const std::string& what) {
  constexpr std::size_t kShown = 10;
  if (videos.empty()) return {};
  std::vector<std::string> shown(
      videos.begin(),
      videos.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, videos.size())));
  if (videos.size() > kShown) shown.emplace_back("...");
  return concat("  odd: ", videos.size(), videos.size() == 1 ? " video " : " videos ", what, ": ",
                join(shown), "\n");
}

void print_summary(const Options& options, const FillSummary& summary) {
  for (const std::string& video : summary.videos_without_embeddings) {
    log::warn("video " + video + " has no embedding: its rows hold the training prior");
  }
  if (options.common.json) {
    print_json(to_json(summary));
    return;
  }
  print_text(concat("submission: ", options.out, "\n  task ", submission_task_name(summary.task),
                    ", ", with_thousands(summary.rows), " rows of ", summary.videos, " videos, ",
                    with_thousands(summary.interpolated_rows), " interpolated, ",
                    summary.videos_without_embeddings.size(), " videos without embeddings\n",
                    histogram_text(summary),
                    odd_text(summary.videos_without_embeddings,
                             "without embeddings, answered by the training prior"),
                    odd_text(summary.constant_videos, summary.task == SubmissionTask::kAu
                                                          ? "with the same AUs in every row"
                                                          : "of one class only")));
}

void require(const Options& options, TemplateLayout layout) {
  if (layout == TemplateLayout::kFileAVideo) {
    require_writable_folder(options.out, "--out", options.force);
  } else {
    require_writable_target(options.out, "--out", options.force);
  }
}

/// The template in the form that it came in: one file, or a folder of them.
FillSummary write_submission(const Options& options, const Template& form, const DecidedRun& run,
                             const VideoScorer& scorer) {
  const auto probabilities = [&scorer](const std::string& video) {
    return scorer.probabilities(video);
  };
  if (form.layout == TemplateLayout::kFileAVideo) {
    SubmissionFolder folder(options.out, "--out", options.force);
    const auto stream_of = [&folder](const std::string& video) -> std::ostream& {
      return folder.begin(video);
    };
    FillSummary summary = fill(form, probabilities, run.priors(), stream_of, run.rules);
    folder.commit();
    return summary;
  }
  AtomicFile file(options.out);
  const auto stream_of = [&file](const std::string&) -> std::ostream& { return file.stream(); };
  FillSummary summary = fill(form, probabilities, run.priors(), stream_of, run.rules);
  file.commit();
  return summary;
}

void run_submit(const Options& options) {
  const std::string device = options.common.apply();
  require_given("--template", options.form, "the challenge's file of rows to answer");
  if (!options.check.empty()) return run_check(options);
  if (options.runs.empty()) require_given("RUN", "", "the folder of a run, or --check FILE");
  require_given("--out", options.out, "a file for the submission");
  const bool file_a_video = holds_video_files(options.form);
  require(options, file_a_video ? TemplateLayout::kFileAVideo : TemplateLayout::kOneFile);
  for (const std::string& run : options.runs) weights_of_run(run, options.weights);
  const Template form = read_template(options.form);
  if (!options.task.empty() && submission_task_from_name(options.task, "--task") != form.task) {
    throw InputError("--task", options.task,
                     "the header of " + options.form + " says " + submission_task_name(form.task));
  }
  const DecidedRun run = open_decided_runs({options.runs.begin(), options.runs.end()},
                                           options.weights, options.banks, options.raw);
  require_tasks(form.task, run.tasks);
  const VideoScorer scorer(run, form.videos, device);
  print_summary(options, write_submission(options, form, run, scorer));
}

}  // namespace

void add_submit(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("submit", "A run -> a file that the challenge accepts, or a check of any file",
               kExample, options->common);
  command->add_option("RUN", options->runs, "Folder that mien train made; several are blended");
  command->add_option("--template", options->form,
                      "The challenge's rows to answer: a file, also packed (.gz, .zip), or the 3rd "
                      "edition's folder of a file a video");
  command->add_option("--bank", options->banks, "Bank with the test videos, repeatable")
      ->allow_extra_args(false);
  command->add_option("--out", options->out, "File to write, or folder, as the template is");
  command->add_option("--task", options->task, "Must be the template's: expr, au, va, ce or mtl");
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  command->add_flag("--raw", options->raw, "Without the run's decisions.json");
  command->add_option("--check", options->check, "Validate this submission instead");
  command->add_flag("--force", options->force, "Replace --out");
  line.when_chosen(command, [options] { run_submit(*options); });
}

}  // namespace mien
