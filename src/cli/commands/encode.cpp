// mien encode: crops -> embeddings, once.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "commands/encode_benchmark.h"
#include "flags/encoder_flags.h"
#include "mien/bank/bank.h"
#include "mien/bank/encode_videos.h"
#include "mien/bank/settle_bank.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/data/shards.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

constexpr const char* kExample =
    "  mien encode --images cropped_aligned --images cropped_aligned_new_50_vids \\\n"
    "              --encoder clip-vit-l-14.pt --bank banks/clip-l14\n"
    "  mien encode --images cropped_aligned --encoder clip-vit-l-14.pt --corrupt jpeg:3 \\\n"
    "              --bank banks/clip-l14-jpeg3\n"
    "  mien encode --benchmark --encoder clip-vit-l-14.pt";

constexpr double kNotableWaiting = 5;  ///< per cent of the time

struct Options {
  CommonOptions common;
  std::vector<std::string> images;
  EncoderFlags archive;
  std::string encoder, bank, videos, dtype = "auto";
  std::optional<std::string> shard;
  std::int64_t every = 1, workers = 0;
  std::optional<std::int64_t> batch_size, first_frame;
  std::optional<std::string> corrupt;
  bool photos = false, retry_failed = false, force = false, benchmark = false;
};

void require_dtype(const std::string& dtype) {
  const std::vector<std::string> known = {"auto", "fp32", "bf16", "fp16"};
  if (std::ranges::find(known, dtype) != known.end()) return;
  throw InputError("--dtype", dtype, "expected auto, fp32, bf16 or fp16",
                   nearest_match(dtype, known));
}

void require(const Options& options) {
  if (options.images.empty()) require_given("--images", "", "a folder of face crops");
  require_given("--encoder", options.encoder,
                "a TorchScript archive (scripts/export_encoder.py makes one)");
  require_given("--bank", options.bank, "a folder for the embeddings");
  require_in("--every", options.every, 1, 1'000'000);
  if (options.batch_size) require_in("--batch-size", *options.batch_size, 1, 65'536);
  require_in("--workers", options.workers, 0, 1024);
  if (options.first_frame) require_in("--first-frame", *options.first_frame, 0, 1);
  require_dtype(options.dtype);
}

/// What one process is to do.
struct Work {
  std::vector<VideoFrames> videos;
  std::int64_t unread_images = 0;  ///< among the images of all
  Shard shard;                     ///< its origin is empty when nobody shares
  ShardShare share;
};

/// Leaves the part of this process, by `--shard` or its launcher.
void keep_own(Work& work, const std::optional<std::string>& flag) {
  work.shard = flag ? parse_shard(*flag) : shard_from_environment();
  if (work.shard.origin.empty()) return;
  work.share = keep_shard(work.videos, work.shard);
  log::info(shard_text(work.shard, work.share) + (work.videos.empty() ? ": nothing to do" : ""));
}

/// The bank's first run says whether its images are a film's frames.
bool holds_photos(const Options& options) {
  if (!is_bank(options.bank)) return options.photos;
  const bool held = Bank(options.bank).info().photos;
  if (options.photos && !held) {
    throw InputError(
        "--photos", "(given)",
        "the bank " + options.bank + " was begun without it; expected the same or another --bank");
  }
  return held;
}

Work find_work(const Options& options) {
  std::vector<std::filesystem::path> unread;
  std::vector<VideoFrames> videos =
      list_videos({options.images.begin(), options.images.end()}, holds_photos(options), &unread);
  if (!unread.empty()) log::warn("not encoded: " + unread_text(unread));
  if (!options.videos.empty()) {
    keep_named(videos, names_in(options.videos, "--videos"), "--videos " + options.videos);
  }
  keep_every(videos, options.every);
  Work work{.videos = std::move(videos), .shard = {}, .share = {}};
  work.unread_images = std::ssize(unread);
  keep_own(work, options.shard);
  return work;
}

void print_summary(const Options& options, const Work& work, const EncodeSummary& summary,
                   const Encoder& encoder, const std::string& device) {
  const double rate =
      summary.seconds > 0 ? static_cast<double>(summary.frames) / summary.seconds : 0;
  const double encoder_rate = summary.encoder_seconds > 0
                                  ? static_cast<double>(summary.frames) / summary.encoder_seconds
                                  : 0;
  if (options.common.json) {
    nlohmann::json result = {{"videos", summary.videos},
                             {"frames", summary.frames},
                             {"failed", summary.failed},
                             {"skipped_videos", summary.skipped_videos},
                             {"seconds", summary.seconds},
                             {"images_per_second", rate},
                             {"encoder_images_per_second", encoder_rate},
                             {"dtype", encoder.dtype_name()},
                             {"device", device}};
    if (work.unread_images > 0) result["unread_images"] = work.unread_images;
    for (const UnusableVideo& video : summary.unusable) {
      result["unusable_videos"].push_back({{"video", video.video}, {"reason", video.reason}});
    }
    if (!work.shard.origin.empty()) result["shard"] = to_json(work.shard, work.share);
    return print_json(result);
  }
  print_text(concat("encoded ", with_thousands(summary.frames), " images of ", summary.videos,
                    " videos in ", duration_text(summary.seconds), " (", fixed(rate, 1),
                    " images/s, encoder alone ", fixed(encoder_rate, 1), "); ",
                    with_thousands(summary.failed), " failed; ", summary.skipped_videos,
                    " videos were there before\n"));
  const double waiting = summary.seconds > 0 ? 100 * summary.waiting_seconds / summary.seconds : 0;
  if (waiting > kNotableWaiting) {
    print_text(concat("the encoder waited ", fixed(waiting, 0),
                      " % of the time for images: more --workers may help\n"));
  }
  if (!work.shard.origin.empty()) print_text(shard_text(work.shard, work.share) + "\n");
  print_text("bank: " + options.bank + "\n");
}

std::vector<std::string> sources_of(const Options& options) {
  std::vector<std::string> sources;
  for (const std::string& root : options.images) {
    sources.push_back(std::filesystem::absolute(root).lexically_normal().string());
  }
  return sources;
}

EncodeOptions encode_options_of(const Options& options) {
  std::optional<Corruption> corruption;
  if (options.corrupt) corruption = corruption_from_text(*options.corrupt, "--corrupt");
  return {.batch_size = options.batch_size.value_or(0),
          .workers = options.workers,
          .threads = options.common.threads,
          .dtype = options.dtype,
          .every = options.every,
          .photos = options.photos,
          .retry_failed = options.retry_failed,
          .force = options.force,
          .first_frame = options.first_frame,
          .corruption = corruption};
}

void run_encode(const Options& options) {
  const std::string device = options.common.apply();
  const EncoderOverrides overrides = options.archive.overrides();
  if (options.benchmark) {
    require_given("--encoder", options.encoder, "a TorchScript archive to measure");
    run_encode_benchmark(options.encoder, overrides, {.device = device, .dtype = options.dtype},
                         options.common.json);
    return;
  }
  require(options);
  const EncodeOptions encode = encode_options_of(options);
  const Work work = find_work(options);
  const std::vector<std::string> sources = sources_of(options);
  require_same_encoder_file(options.bank, options.encoder);
  const auto load = [&](const std::string& dtype, const std::string& path) {
    return load_encoder(options.encoder, overrides,
                        {.device = device, .dtype = dtype, .path = path});
  };
  const auto encoder = load_settled(options.bank, load, encode, sources);
  log::info(concat("encoder ", encoder->info().name, ": ", encoder->path_name(), " in ",
                   encoder->dtype_name()));
  const EncodeSummary summary = encode_videos(work.videos, *encoder, options.bank, encode, sources);
  if (summary.failed > 0) {
    log::warn(concat(with_thousands(summary.failed), " images could not be encoded; `mien inspect ",
                     options.bank, "` lists them with their reasons"));
  }
  print_summary(options, work, summary, *encoder, device);
}

}  // namespace

void add_encode(CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      line.add("encode", "Face crops -> embeddings, once, into a bank", kExample, options->common);
  command->add_option(
      "--images", options->images,
      "Folders of video folders, or of one video's images; the first root that has a "
      "video wins");
  command->add_option("--encoder", options->encoder,
                      "TorchScript archive: one of export_encoder.py, or OpenAI's");
  command->add_option("--bank", options->bank, "Folder for the embeddings, made or extended");
  command->add_option("--videos", options->videos, "File with the names to encode, one a line");
  add_whole_number(command, "--every", options->every, "Each K-th frame of a video");
  add_whole_number(command, "--first-frame", options->first_frame,
                   "What the images' names call the first frame, 0 or 1; with 0 the bank counts "
                   "from 1 all the same, as labels do",
                   "the bank's; for a new one 1");
  command->add_option("--shard", options->shard,
                      "I/N: the I-th of N parts of the videos, from 0; default: as RANK and "
                      "WORLD_SIZE, or Slurm's variables, say");
  add_whole_number(command, "--batch-size", options->batch_size, "Images a forward pass",
                   "the bank's; for a new one 16, on a GPU 256");
  command
      ->add_option("--dtype", options->dtype,
                   "Arithmetic: auto, fp32, bf16 or fp16; a bank is of one")
      ->capture_default_str();
  command->add_option(
      "--corrupt", options->corrupt,
      "KIND:SEVERITY, images made worse for mien evaluate: gaussian_noise, "
      "motion_blur, brightness, contrast, jpeg, occlusion or low_resolution; 1 to 5");
  add_whole_number(command, "--workers", options->workers,
                   "Threads that read images; 0: half the processors");
  options->archive.add_to(command);
  command->add_flag("--photos", options->photos,
                    "The images are no film, whatever their names look like: numbered by order, "
                    "never interpolated or smoothed");
  command->add_flag("--retry-failed", options->retry_failed,
                    "Encode videos with failed images anew");
  command->add_flag("--benchmark", options->benchmark,
                    "Only measure --encoder here: images/s by path, dtype and batch size");
  command->add_flag("--force", options->force, "Encode every video anew");
  line.when_chosen(command, [options] { run_encode(*options); });
}

}  // namespace mien
