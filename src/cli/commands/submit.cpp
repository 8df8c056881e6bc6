// mien submit: a run's decisions in the challenge's template, or a check of any submission.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "commands/submit_text.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "mien/scoring/video_scorer.h"
#include "mien/submission/check.h"
#include "mien/submission/fill.h"
#include "mien/submission/submission_folder.h"
#include "mien/submission/template.h"
#include "mien/training/inputs.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  mien submit runs/joint --template CVPR_6th_ABAW_Expr_test_set_sample.txt \\\n"
    "              --bank banks/clip-l14 --out predictions.txt\n"
    "  mien submit --check predictions.txt --template CVPR_6th_ABAW_Expr_test_set_sample.txt";

struct Options {
  CommonOptions common;
  std::string form, out, task, check, weights = "best";
  std::vector<std::string> runs, banks;
  bool force = false, raw = false;
};

/// `file` is what says the task that was found.
void require_task(const Options& options, SubmissionTask found, const std::string& file) {
  if (options.task.empty() || submission_task_from_name(options.task, "--task") == found) return;
  throw InputError("--task", options.task,
                   "the header of " + file + " says " + submission_task_name(found));
}

void run_check(const Options& options) {
  const CheckSummary summary = check_submission(options.check, options.form);
  require_task(options, summary.task, options.check);
  if (options.common.json) {
    print_json(to_json(summary));
    return;
  }
  std::string text = concat(options.check, ": ", with_thousands(summary.rows), " rows of ",
                            submission_task_name(summary.task), " as the template wants them\n");
  if (summary.uncounted_videos > 0) {
    text += concat(
        "  whether they are enough was not seen: the template says no number of frames "
        "of ",
        summary.uncounted_videos, summary.uncounted_videos == 1 ? " video\n" : " videos\n");
  }
  print_text(text);
}

/// All names, a line each as long as they are few.
void warn_of_priors(const std::vector<std::string>& videos) {
  constexpr std::size_t kLines = 10;
  if (videos.size() > kLines) {
    log::warn(
        concat(videos.size(),
               " videos have no embedding: their rows hold the training prior: ", join(videos)));
    return;
  }
  for (const std::string& video : videos) {
    log::warn("video " + video + " has no embedding: its rows hold the training prior");
  }
}

void print_summary(const Options& options, const Submitted& submitted) {
  warn_of_priors(submitted.summary.videos_without_embeddings);
  if (options.common.json) {
    print_json(to_json(submitted));
  } else {
    print_text(to_text(submitted));
  }
}

void require_writable(const Options& options, FormKind kind) {
  if (kind == FormKind::kRows) {
    return require_writable_target(options.out, "--out", options.force);
  }
  const std::string ending = std::filesystem::path(options.out).extension().string();
  if (kind == FormKind::kVideoList && (ending == ".txt" || ending == ".csv")) {
    throw InputError("--out", options.out,
                     "expected a folder's name: " + options.form +
                         " is a list of videos, which a folder of files answers (3rd edition); "
                         "later editions have a template of rows (video/00001.jpg,)");
  }
  require_writable_folder(options.out, "--out", options.force);
}

/// A list has no header: the task is the run's only one, or given.
SubmissionTask task_of_list(const Options& options, const DecidedRun& run) {
  if (!options.task.empty()) return submission_task_from_name(options.task, "--task");
  if (run.tasks.size() == 1 && is_challenge_task(run.tasks.front())) {
    return submission_task_from_name(task_name(run.tasks.front()), "--task");
  }
  throw InputError("--task", "(nothing)",
                   options.form + " is a list of videos without a header, expected one of " +
                       join(names_of(challenge_tasks())));
}

Template template_for(const Options& options, Form form, const DecidedRun& run) {
  if (form.kind == FormKind::kVideoList) {
    return template_of(form.list, task_of_list(options, run), run.banks());
  }
  Template out = read_template(std::move(form), options.form);
  require_task(options, out.task, options.form);
  return out;
}

/// A bank of other videos would give a file of priors only.
void require_some_video(const Options& options, const Template& form, const DecidedRun& run) {
  const auto banks = run.banks();
  const auto is_there = [&banks](const std::string& video) {
    return std::ranges::any_of(banks, [&video](const Bank& bank) { return bank.has(video); });
  };
  if (std::ranges::any_of(form.videos, is_there)) return;
  std::vector<std::string> folders;
  for (const Bank& bank : banks) folders.push_back(bank.folder().string());
  throw InputError(options.banks.empty() ? "--bank (as trained)" : "--bank", join(folders),
                   "expected the template's videos, has none of " + some_of(form.videos));
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
  require_not_an_input(options.out, "--out", {{"--template", options.form}});
  Form opened = open_form(options.form);
  require_writable(options, opened.kind);
  const DecidedRun run = open_decided_runs({options.runs.begin(), options.runs.end()},
                                           options.weights, options.banks, options.raw);
  const Template form = template_for(options, std::move(opened), run);
  require_tasks(form.task, run.tasks);
  require_some_video(options, form, run);
  const VideoScorer scorer(run, form.videos, device);
  const FillSummary summary = write_submission(options, form, run, scorer);
  print_summary(options, {.output = options.out,
                          .summary = summary,
                          .counted_videos = form.counted_videos,
                          .runs = submitted_runs(run, form.videos),
                          .rules = run.rules,
                          .decisions_json = run.description()});
}

}  // namespace

void add_submit(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("submit", "A run -> a file that the challenge accepts, or a check of any file",
               kExample, options->common);
  command->add_option("RUN", options->runs, "Folder that mien train made; several are blended");
  command->add_option("--template", options->form,
                      "The challenge's rows to answer: a file, also packed (.gz, .zip), or of the "
                      "3rd edition a folder of a file a video, or the list of videos, a line "
                      "NAME or NAME,FRAMES");
  command->add_option("--bank", options->banks, "Bank with the test videos, repeatable")
      ->allow_extra_args(false);
  command->add_option("--out", options->out, "File to write, or folder, as the template is");
  command->add_option("--task", options->task,
                      "Must be the template's task; of a list the one to answer");
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  command->add_flag("--raw", options->raw, "Without the run's decisions.json");
  command->add_option("--check", options->check, "Validate this submission instead");
  command->add_flag("--force", options->force, "Replace --out");
  line.when_chosen(command, [options] { run_submit(*options); });
}

}  // namespace mien
