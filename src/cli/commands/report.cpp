// mien report: one page about one or several runs.
#include "mien/report/report.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/bank/image_numbers.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/data/image_roots.h"
#include "mien/scoring/compute_scores.h"
#include "mien/scoring/decided_run.h"
#include "mien/training/dataset.h"
#include "runs/evaluate_and_keep.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kExample =
    "  mien report runs/joint\n"
    "  mien report runs/joint runs/joint-sam runs/joint-cvar --out compare.html";

constexpr std::size_t kThumbnails = 8;
constexpr std::uintmax_t kLargestThumbnail = 64 * 1024;  ///< bytes; larger images stay outside

struct Options {
  CommonOptions common;
  std::vector<std::string> runs, banks;
  std::string out, annotations;
  bool force = false;
};

/// The video's folder below the first of the roots that has it, as a list of its images.
std::optional<VideoFrames> images_of(const std::vector<std::string>& roots,
                                     const std::string& video, bool are_photos) {
  for (const fs::path root : roots) {
    for (const fs::path& folder : {root / video, root}) {
      std::error_code ignored;
      if (folder.filename() != video || !fs::is_directory(folder, ignored)) continue;
      try {
        for (VideoFrames& found : list_videos({folder}, are_photos)) {
          if (found.name == video) return std::move(found);
        }
      } catch (const InputError&) {  // a folder without images: the next root may have them
      }
    }
  }
  return std::nullopt;
}

std::vector<Thumbnail> thumbnails_of(const VideoFrames& images,
                                     const std::vector<std::int32_t>& frames) {
  std::vector<Thumbnail> thumbnails;
  for (const std::int32_t frame : frames) {
    const auto found = std::ranges::find(images.numbers, frame);
    if (found == images.numbers.end()) continue;
    const fs::path file = images.path(static_cast<std::size_t>(found - images.numbers.begin()));
    std::error_code problem;
    const std::uintmax_t size = fs::file_size(file, problem);
    if (problem || size == 0 || size > kLargestThumbnail) continue;
    const bool png = lower(file.extension().string()) == ".png";
    thumbnails.push_back({frame, png ? "image/png" : "image/jpeg", read_text(file)});
  }
  return thumbnails;
}

void add_thumbnails(ReportRun& run, const std::vector<Bank>& banks) {
  for (const auto& [task, scores] : run.probabilities) {
    for (const ChosenVideo& chosen : chosen_videos(run, task)) {
      const auto of_video = std::ranges::find(scores.videos, chosen.video, &VideoScores::video);
      if (of_video == scores.videos.end() || run.thumbnails.contains(chosen.video)) continue;
      const auto images = images_of(banks.front().info().sources, chosen.video, !of_video->film);
      if (!images) continue;
      run.thumbnails[chosen.video] =
          thumbnails_of(*images, thumbnail_frames(*of_video, kThumbnails));
    }
  }
}

/// Those given may be of the runs that this one is blended with too.
std::vector<std::string> banks_for(const Options& options, const HeadMetadata& head,
                                   const std::string& folder) {
  if (options.banks.empty()) return head.banks;
  if (options.banks.size() == head.inputs.size()) return options.banks;
  return matching_banks(options.banks, head, folder);
}

/// What the files of a run do not hold: scores (from the cache where it is there) and labels of
/// the validation split, and images.
void add_scores(ReportRun& run, const Options& options, const std::string& device) {
  const std::string folder = run.files.folder.string();
  const fs::path weights = weights_of_run(folder, "best");
  const HeadMetadata head = read_head_metadata(weights);
  const auto banks = open_banks(banks_for(options, head, folder), head);
  const Annotations annotations =
      options.annotations.empty() ? head.annotations : Annotations(options.annotations);
  run.labels = load_split_side(annotations, head.shape.tasks, head.split, Split::kValidation);
  number_images(run.labels, banks.front());
  for (auto& [task, logits] :
       cached_logits(folder, weights, head, banks, videos_of(run.labels), device)) {
    run.probabilities[task] = probabilities_of(logits);
  }
  add_thumbnails(run, banks);
}

/// A run whose bank or labels have moved away is still reported, from its files; when they were
/// `given`, what is wrong with them is an error.
template <class Work>
void attempt(bool given, const std::string& otherwise, const Work& work) {
  try {
    work();
  } catch (const InputError& problem) {
    if (given) throw;
    log::warn(concat(otherwise, ": ", problem.what()));
  }
}

/// Evaluated anew, since decisions, weights and banks may have changed under the kept numbers.
ReportRun load_run(const std::string& folder, const Options& options, const std::string& device) {
  ReportRun run{.files = read_run_files(folder)};
  const bool given = !options.banks.empty() || !options.annotations.empty();
  attempt(given, folder + " is not evaluated, its kept numbers may be older", [&] {
    run.files.evaluation = evaluate_and_keep(folder, options.banks, options.annotations, device);
  });
  for (const std::string& dropped : drop_stale(run.files)) log::warn(dropped);
  attempt(given, concat("no scores of ", folder, " in the report"),
          [&] { add_scores(run, options, device); });
  return run;
}

void run_report(const Options& options) {
  const std::string device = options.common.apply();
  if (options.runs.empty()) {
    throw InputError("RUN", "(nothing)", "expected the folder of a run that mien train made");
  }
  for (const std::string& folder : options.runs) read_run_files(folder);  // all, before any work
  const fs::path out =
      options.out.empty() ? fs::path(options.runs.front()) / "report.html" : fs::path(options.out);
  if (!options.out.empty()) require_writable_target(out, "--out", options.force);
  std::vector<ReportRun> runs;
  for (const std::string& folder : options.runs) runs.push_back(load_run(folder, options, device));
  const std::string page = report_html(runs);
  write_text(out, page);
  if (options.common.json) {
    print_json({{"report", out.string()}, {"runs", options.runs}, {"bytes", page.size()}});
  } else {
    print_text(concat("report: ", out.string(), " (", bytes_text(static_cast<double>(page.size())),
                      ")\n"));
  }
}

}  // namespace

void add_report(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add("report", "One page to look at, about a run or several side by side",
                               kExample, options->common);
  command->add_option("RUN", options->runs, "Folders that mien train made");
  command->add_option("--out", options->out, "The page [RUN/report.html of the first]");
  command->add_option("--bank", options->banks, "Bank, repeatable [as trained]")
      ->allow_extra_args(false);
  command->add_option("--annotations", options->annotations,
                      "Labels: folder or table [as trained]");
  command->add_flag("--force", options->force, "Replace the file that --out names");
  line.when_chosen(command, [options] { run_report(*options); });
}

}  // namespace mien
