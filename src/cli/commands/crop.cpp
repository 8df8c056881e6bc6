// mien crop: videos and photos -> aligned face crops in Aff-Wild2's layout.
#include "mien/faces/crop.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "flags/detector_flags.h"
#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  python3 scripts/export_detector.py mtcnn --out mtcnn.pt\n"
    "  mien crop --video clips --detector-file mtcnn.pt --out crops --jobs 2\n"
    "  mien encode --images crops --encoder clip-vit-l-14.pt --bank banks/clips";

struct Options {
  CommonOptions common;
  std::vector<std::string> videos, images;
  std::string out;
  DetectorFlags detector;
  std::int64_t every = 1, jobs = 1, size = 112, memory = 60, quality = 95;
  bool main_face = false, photos = false, force = false;
};

void require(const Options& options) {
  if (options.videos.empty() && options.images.empty()) {
    require_given("--video", "", "video files, or --images with photos");
  }
  require_given("--out", options.out, "a folder for the crops");
  require_in("--every", options.every, 1, 1'000'000);
  require_in("--jobs", options.jobs, 1, 1024);
  require_in("--size", options.size, 16, 1024);
  require_in("--memory", options.memory, 0, 1'000'000);
  require_in("--quality", options.quality, 1, 100);
}

CropOptions crop_options_of(const Options& options) {
  const std::int64_t threads =
      options.common.threads > 0 ? options.common.threads : runtime_facts().processors;
  CropOptions crop;
  crop.stream.size = static_cast<int>(options.size);
  crop.stream.memory = options.memory;
  crop.stream.workers = std::max<std::int64_t>(1, threads / options.jobs);
  crop.every = options.every;
  crop.jobs = options.jobs;
  crop.quality = static_cast<int>(options.quality);
  crop.main_face = options.main_face;
  crop.force = options.force;
  return crop;
}

void print_summary(const Options& options, const CropSummary& summary,
                   const std::string& detector) {
  const double rate =
      summary.seconds > 0 ? static_cast<double>(summary.frames) / summary.seconds : 0;
  if (options.common.json) {
    nlohmann::json failed = nlohmann::json::array();
    for (const CropFailure& failure : summary.failed) {
      failed.push_back({{"video", failure.video}, {"reason", failure.reason}});
    }
    print_json({{"videos", summary.videos},
                {"frames", summary.frames},
                {"frames_without_face", summary.frames_without_face},
                {"frames_failed", summary.frames_failed},
                {"crops", summary.crops},
                {"people", summary.people},
                {"failed", failed},
                {"skipped_videos", summary.skipped_videos},
                {"seconds", summary.seconds},
                {"frames_per_second", rate},
                {"detector", detector},
                {"out", options.out}});
    return;
  }
  print_text(concat("cropped ", with_thousands(summary.crops), " faces of ", summary.people,
                    " people from ", with_thousands(summary.frames), " frames of ", summary.videos,
                    " videos by ", detector, " in ", duration_text(summary.seconds), " (",
                    fixed(rate, 1), " frames/s); ", with_thousands(summary.frames_without_face),
                    " frames without a face; ", summary.failed.size(), " videos with a problem; ",
                    summary.skipped_videos, " were there before\ncrops: ", options.out, "\n"));
}

void run_crop(const Options& options) {
  if (options.common.apply() != "cpu" && options.common.device != "auto") {
    log::warn("--device " + options.common.device + ": the detectors run on the CPU");
  }
  require(options);
  const DetectorChoice choice = options.detector.choice();
  const auto inputs = crop_inputs(options.videos, options.images, options.photos);
  const ChosenDetector chosen = choose_detector(choice);
  const CropSummary summary =
      crop_faces(inputs, chosen, choice.options, options.out, crop_options_of(options));
  print_summary(options, summary, chosen.detector->name());
}

}  // namespace

void add_crop(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = line.add("crop", "Videos and photos -> aligned face crops, a table of faces",
                               kExample, options->common);
  command->add_option("--video", options->videos, "Video files, or folders of them");
  command->add_option("--images", options->images, "Photos, or folders of frames");
  command->add_flag(
      "--photos", options->photos,
      "Folders of --images hold photos, not the frames of films, whatever their names "
      "look like");
  command->add_option("--out", options->out, "Folder for the crops and faces.csv");
  options->detector.add_to(command, "");
  add_whole_number(command, "--size", options->size, "Side of the crops, pixels");
  add_whole_number(command, "--every", options->every, "Each K-th frame of a video");
  command->add_flag("--main-face", options->main_face,
                    "Only the person who takes the largest area over the video");
  add_whole_number(command, "--memory", options->memory,
                   "Frames after which somebody who was away is somebody new");
  add_whole_number(command, "--quality", options->quality, "Of the JPEG files, 1 to 100");
  add_whole_number(command, "--jobs", options->jobs, "Videos at a time");
  command->add_flag("--force", options->force, "Crop every video anew");
  line.when_chosen(command, [options] { run_crop(*options); });
}

}  // namespace mien
