// mien predict: a row a frame.
#include "mien/submission/predict.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "clip/predict_clips.h"
#include "command_line.h"
#include "commands/commands.h"
#include "flags/detector_flags.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"
#include "mien/scoring/decided_run.h"
#include "runs/scratch_banks.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  mien predict runs/joint --bank banks/clip-l14 --out frames.csv\n"
    "  mien predict runs/joint --images crops --encoder clip-vit-l-14.pt --out frames.jsonl \\\n"
    "               --format jsonl\n"
    "  mien predict runs/joint --video clips more/clip.mp4 --encoder clip-vit-l-14.pt \\\n"
    "               --detector-file mtcnn.pt --out clips.csv --overlay seen";

struct Options {
  CommonOptions common;
  std::vector<std::string> runs, banks, images, encoders;
  std::string out, videos, format = "csv", weights = "best", dtype = "auto";
  EncoderFlags archive;
  std::optional<std::int64_t> batch_size, every, workers;
  std::vector<std::string> clips;
  std::string overlay;
  DetectorFlags detector;
  bool force = false, raw = false, everyone = false, photos = false;
};

struct GivenFlag {
  const char* name;
  bool given;
};

void refuse_without(const std::string& source, const std::vector<GivenFlag>& flags) {
  for (const auto& [name, given] : flags) {
    if (given) throw InputError(name, "(given)", "expected with " + source + " only");
  }
}

void require_source(const Options& options) {
  const bool bank = !options.banks.empty(), images = !options.images.empty(),
             video = !options.clips.empty();
  if (bank + images + video != 1) {
    throw InputError("--bank", bank ? join(options.banks) : "(nothing)",
                     "expected either --bank DIR or --images ROOT with --encoder FILE, or "
                     "--video FILE... with --encoder FILE");
  }
  if (bank) {
    refuse_without("--images", {{"--encoder", !options.encoders.empty()},
                                {"--every", options.every.has_value()},
                                {"--batch-size", options.batch_size.has_value()},
                                {"--workers", options.workers.has_value()},
                                {"--photos", options.photos},
                                {"--dtype", options.dtype != "auto"}});
  } else if (options.encoders.empty()) {
    require_given("--encoder", "", "the TorchScript archive that the run was trained on");
  }
  if (!video) {
    refuse_without("--video", {{"--overlay", !options.overlay.empty()},
                               {"--everyone", options.everyone},
                               {"--detector", options.detector.any_given()}});
  }
}

/// One run, one encoder.
void require_video(const Options& options) {
  if (options.runs.size() > 1) {
    throw InputError("RUN", join(options.runs), "expected one run with --video");
  }
  if (options.encoders.size() > 1) {
    throw InputError("--encoder", join(options.encoders), "expected one encoder with --video");
  }
  refuse_without("--images", {{"--batch-size", options.batch_size.has_value()}});
  refuse_without("--bank or --images", {{"--videos", !options.videos.empty()}});
}

std::vector<NamedInput> inputs_of(const Options& options) {
  std::vector<NamedInput> inputs = {{"--videos", options.videos},
                                    {"--detector-file", options.detector.file}};
  for (const std::string& encoder : options.encoders) inputs.push_back({"--encoder", encoder});
  return inputs;
}

void require(const Options& options) {
  if (options.runs.empty()) {
    require_given("RUN", "",
                  options.clips.empty() ? "the folder of a run"
                                        : "the folder of a run, before --video and its files");
  }
  require_source(options);
  if (options.every) require_in("--every", *options.every, 1, 1'000'000);
  if (options.batch_size) require_in("--batch-size", *options.batch_size, 1, 65'536);
  if (options.workers) require_in("--workers", *options.workers, 0, 1024);
  require_given("--out", options.out, "a file for the rows");
  require_writable_target(options.out, "--out", options.force);
  require_not_an_input(options.out, "--out", inputs_of(options));
  if (!options.clips.empty()) require_video(options);
}

ScratchRequest request_of(const Options& options, const std::string& device) {
  return {.images = options.images,
          .encoders = options.encoders,
          .videos = options.videos,
          .archive = options.archive,
          .encode = {.batch_size = options.batch_size.value_or(0),
                     .workers = options.workers.value_or(0),
                     .threads = options.common.threads,
                     .dtype = options.dtype,
                     .every = options.every.value_or(1),
                     .photos = options.photos},
          .device = device};
}

/// All of the bank, or those that are named; in the bank's order.
std::vector<std::string> chosen_videos(const Options& options, const DecidedRun& run) {
  const std::vector<std::string> known = videos_of(run);
  if (options.videos.empty() || !options.images.empty()) return known;
  std::vector<std::string> chosen = names_in(options.videos, "--videos");
  std::ranges::sort(chosen);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  for (const std::string& name : chosen) {
    if (!std::ranges::binary_search(known, name)) {
      throw InputError("--videos " + options.videos, name, "is not in the bank",
                       nearest_match(name, known));
    }
  }
  return chosen;
}

void print_summary(const Options& options, const PredictSummary& summary) {
  for (const std::string& video : summary.videos_without_embeddings) {
    log::warn("video " + video + " has no embedding: its rows hold the training prior");
  }
  if (options.common.json) {
    nlohmann::json result = to_json(summary);
    result["output"] = options.out;
    print_json(result);
    return;
  }
  print_text(concat("predictions: ", options.out, "\n  ", with_thousands(summary.rows), " rows of ",
                    with_thousands(summary.videos), " videos, ",
                    with_thousands(summary.frames_without_face), " frames without a face, ",
                    with_thousands(summary.interpolated_rows), " of them interpolated\n"));
}

void predict_videos(const Options& options, const std::string& device, PredictionFormat format) {
  const std::int64_t threads =
      options.common.threads > 0 ? options.common.threads : runtime_facts().processors;
  const std::int64_t workers = options.workers.value_or(0);
  const ClipRequest request{
      .run = open_lone_run(options.runs.front(), options.weights, options.raw),
      .inputs = clip_inputs({.videos = options.clips,
                             .overlay = options.overlay,
                             .out = options.out,
                             .force = options.force},
                            options.every.value_or(1)),
      .encoder = options.encoders.front(),
      .archive = options.archive,
      .dtype = options.dtype,
      .device = device,
      .detector = options.detector.choice(),
      .every = options.every.value_or(1),
      .workers = workers > 0 ? workers : threads,
      .everyone = options.everyone};
  const ClipsSummary summary = predict_clips(request, format, options.out);
  if (const std::string problems = problems_of(summary); !problems.empty()) log::warn(problems);
  if (options.common.json) {
    nlohmann::json result = to_json(summary);
    result["output"] = options.out;
    print_json(result);
  } else {
    print_text("predictions: " + options.out + "\n" + text_of(summary));
  }
}

void predict_banks(const Options& options, const std::string& device, PredictionFormat format) {
  const std::vector<std::filesystem::path> runs(options.runs.begin(), options.runs.end());
  std::unique_ptr<ScratchBanks> scratch;
  if (!options.images.empty()) {
    scratch = std::make_unique<ScratchBanks>(
        request_of(options, device), heads_of(runs, options.weights, options.raw), options.out);
  }
  const DecidedRun run = open_decided_runs(
      runs, options.weights, scratch ? scratch->folders() : options.banks, options.raw);
  AtomicFile file(options.out);
  const std::vector<std::string> videos = chosen_videos(options, run);
  PredictionWriter writer(file.stream(), run.tasks, format, any_images(run, videos));
  const PredictSummary summary = predict(run, videos, device, writer);
  file.commit();
  print_summary(options, summary);
}

void run_predict(const Options& options) {
  const std::string device = options.common.apply();
  const PredictionFormat format = prediction_format_from_name(options.format, "--format");
  require(options);
  if (options.clips.empty()) {
    predict_banks(options, device, format);
  } else {
    predict_videos(options, device, format);
  }
}

void add_image_flags(CLI::App* command, Options& options) {
  command->add_option("--images", options.images, "Face crops as of mien encode, several roots");
  command
      ->add_option("--encoder", options.encoders,
                   "With --images, --video: the archive that the run was trained on, repeatable")
      ->allow_extra_args(false);
  add_whole_number(command, "--every", options.every, "With --images, --video: each K-th frame",
                   "1");
  add_whole_number(command, "--batch-size", options.batch_size,
                   "With --images: images a forward pass", "16, on a GPU 256");
  add_whole_number(command, "--workers", options.workers,
                   "Threads that read images, or look for faces",
                   "half the processors, with --video all");
  command
      ->add_option("--dtype", options.dtype,
                   "With --images, --video: auto, fp32, bf16 or fp16 arithmetic")
      ->capture_default_str();
  options.archive.add_to(command);
}

void add_video_flags(CLI::App* command, Options& options) {
  command->add_option("--video", options.clips,
                      "Video files, or folders of them: faces, crops, rows in one pass");
  options.detector.add_to(command, "With --video: ");
  command->add_flag("--photos", options.photos, "With --images: photos, not the frames of films");
  command->add_flag("--everyone", options.everyone,
                    "With --video: also others than the one who takes the largest area");
  command->add_option("--overlay", options.overlay,
                      "With --video: an .mp4 with box, answers and bars drawn on it; of "
                      "several videos a folder for <video>.mp4 each");
}

}  // namespace

void add_predict(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("predict", "A run -> a table with a row a frame", kExample, options->common);
  command->add_option("RUN", options->runs, "Folder that mien train made; several are blended");
  command->add_option("--bank", options->banks, "Bank with the videos, repeatable")
      ->allow_extra_args(false);
  add_image_flags(command, *options);
  add_video_flags(command, *options);
  command->add_option("--videos", options->videos, "File with the names wanted, one a line");
  command->add_option("--out", options->out, "File to write");
  command->add_option("--format", options->format, "csv or jsonl")->capture_default_str();
  command->add_option("--weights", options->weights, "best or last")->capture_default_str();
  command->add_flag("--raw", options->raw, "Without the runs' decisions.json");
  command->add_flag("--force", options->force, "Replace --out and --overlay");
  line.when_chosen(command, [options] {
    std::string run;
    if (options->runs.empty()) give_back(options->images, run);
    if (!run.empty()) options->runs.push_back(run);
    run_predict(*options);
  });
}

}  // namespace mien
