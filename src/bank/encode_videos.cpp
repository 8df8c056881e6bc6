#include "mien/bank/encode_videos.h"

#include <algorithm>
#include <chrono>

#include "bank_json.h"
#include "batch_loader.h"
#include "mien/bank/bank.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kBatchSize = 16;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What the bank fixed stays; 0 asks for nothing.
void require_fixed(const std::string& flag, std::int64_t asked, std::int64_t fixed,
                   const std::string& bank_file) {
  if (asked == 0 || asked == fixed) return;
  throw InputError(flag, std::to_string(asked),
                   concat("expected ", fixed, ", as ", bank_file, " says"));
}

/// The name and source of an archive without mien.json come from its file's name and may change.
bool same_preprocessing(const EncoderInfo& a, const EncoderInfo& b) {
  return a.image_size == b.image_size && a.embedding_dim == b.embedding_dim && a.mean == b.mean &&
         a.std == b.std && a.resize == b.resize;
}

void require_same_encoder(const BankInfo& info, const Encoder& encoder, const fs::path& folder) {
  const EncoderInfo& now = encoder.info();
  if (info.encoder.file_sha256 != now.file_sha256) {
    throw InputError("--encoder", now.name,
                     "the bank " + folder.string() + " was made by " + info.encoder.name +
                         " (another file); expected that encoder or another --bank");
  }
  if (!same_preprocessing(info.encoder, now)) {
    throw InputError("--bank", folder.string(),
                     "was made with another preprocessing (image size, mean, std or resize)");
  }
  if (info.compute &&
      (info.compute->path != encoder.path_name() || info.compute->dtype != encoder.dtype_name())) {
    throw InputError("--encoder", now.name,
                     concat("would run by ", encoder.path_name(), " in ", encoder.dtype_name(),
                            ", ", (folder / kBankFile).string(), " says ", info.compute->path,
                            " in ", info.compute->dtype));
  }
}

void add_sources(BankInfo& info, const std::vector<std::string>& sources) {
  for (const std::string& source : sources) {
    const auto found = std::find(info.sources.begin(), info.sources.end(), source);
    if (found == info.sources.end()) info.sources.push_back(source);
  }
}

/// bank.json as this run needs it: made, extended by new sources, or refused. Gives how to compute.
BankCompute prepare_bank(const fs::path& folder, const Encoder& encoder,
                         const EncodeOptions& options, const std::vector<std::string>& sources) {
  make_folder(folder, "--bank");
  const BankCompute fresh = {
      .dtype = encoder.dtype_name(),
      .path = encoder.path_name(),
      .batch_size = options.batch_size == 0 ? kBatchSize : options.batch_size,
      .threads = options.threads == 0 ? runtime_facts().threads : options.threads};
  if (!is_bank(folder)) create_bank_info(folder, {encoder.info(), sources, fresh});
  BankInfo info = read_bank_info(folder);  // this process's, or that of one that was faster
  require_same_encoder(info, encoder, folder);
  const BankCompute compute = info.compute.value_or(fresh);
  const std::string file = (folder / kBankFile).string();
  require_fixed("--batch-size", options.batch_size, compute.batch_size, file);
  require_fixed("--threads", options.threads, compute.threads, file);
  const std::size_t known = info.sources.size();
  add_sources(info, sources);
  if (info.sources.size() > known) write_bank_info(folder, info);
  return compute;
}

/// Whether the video's file is there and stays.
bool is_done(const fs::path& folder, const VideoFrames& video, const EncoderInfo& encoder,
             const EncodeOptions& options) {
  throw_if_interrupted("finished videos are kept; the same command goes on from there");
  const fs::path file = video_file(folder, video.name);
  std::error_code ignored;
  if (options.force || !fs::exists(file, ignored)) return false;
  const VideoEmbeddings present(file, encoder.embedding_dim);
  if (present.every() != options.every) {
    throw InputError("--every", std::to_string(options.every),
                     concat(file.string(), " was made with --every ", present.every(),
                            "; expected that or --force"));
  }
  return !(options.retry_failed && !present.failed().empty());
}

/// One run of encode_videos().
class Job {
 public:
  Job(Encoder& encoder, const fs::path& bank, const EncodeOptions& options, std::int64_t batch_size)
      : encoder_(encoder),
        bank_(bank),
        options_(options),
        batch_size_(static_cast<std::size_t>(batch_size)),
        dim_(static_cast<std::size_t>(encoder.info().embedding_dim)),
        loader_(options.workers, encoder.info().image_size, encoder.info().resize) {}

  EncodeSummary run(const std::vector<const VideoFrames*>& videos, Progress& progress) {
    const auto start = Clock::now();
    const std::vector<BatchSlice> slices = cut(videos);
    if (!slices.empty()) loader_.start(slices.front());
    std::size_t at = 0;
    for (const VideoFrames* video : videos) {
      VideoRecord record;
      record.every = options_.every;
      for (const RejectedImage& image : video->rejected) {
        record.failed.push_back({image.frame, image.path.string(), image.reason});
      }
      for (; at < slices.size() && slices[at].video == video; ++at) {
        const LoadedBatch batch = loader_.take();
        throw_if_interrupted("finished videos are kept; the same command goes on from there");
        if (at + 1 < slices.size()) loader_.start(slices[at + 1]);
        encode(batch, slices[at], record);
        progress.advance(static_cast<std::int64_t>(slices[at].count), failed_note(record));
      }
      finish(*video, record);
    }
    summary_.seconds = seconds_since(start);
    return summary_;
  }

 private:
  std::vector<BatchSlice> cut(const std::vector<const VideoFrames*>& videos) const {
    std::vector<BatchSlice> slices;
    for (const VideoFrames* video : videos) {
      for (std::size_t first = 0; first < video->numbers.size(); first += batch_size_) {
        slices.push_back({video, first, std::min(batch_size_, video->numbers.size() - first)});
      }
    }
    return slices;
  }

  void encode(const LoadedBatch& batch, const BatchSlice& slice, VideoRecord& record) {
    embeddings_.resize(slice.count * dim_);
    const auto start = Clock::now();
    encoder_.encode(batch.images, embeddings_);
    summary_.encoder_seconds += seconds_since(start);
    for (std::size_t i = 0; i < slice.count; ++i) {
      const std::string& reason = batch.reasons[i];
      append(slice, i, reason, record);
    }
  }

  void append(const BatchSlice& slice, std::size_t i, std::string reason, VideoRecord& record) {
    const VideoFrames& video = *slice.video;
    const std::size_t row = slice.first + i;
    if (reason.empty()) {
      const std::size_t before = record.embeddings.size();
      bool finite = true;
      for (std::size_t d = 0; d < dim_; ++d) {
        const std::uint16_t bits = half_from_float(embeddings_[i * dim_ + d]);
        finite = finite && half_is_finite(bits);
        record.embeddings.push_back(bits);
      }
      if (finite) {
        record.frames.push_back(video.numbers[row]);
        if (video.numbered_by_order) record.names.push_back(video.files[row]);
        return;
      }
      record.embeddings.resize(before);
      reason = "embedding is not finite";
    }
    log::debug(concat("failed: ", video.path(row).string(), ": ", reason));
    record.failed.push_back({video.numbers[row], video.path(row).string(), reason});
  }

  std::string failed_note(const VideoRecord& record) const {
    const auto failed = summary_.failed + static_cast<std::int64_t>(record.failed.size());
    return failed > 0 ? concat(with_thousands(failed), " failed") : "";
  }

  void finish(const VideoFrames& video, VideoRecord& record) {
    std::stable_sort(record.failed.begin(), record.failed.end(),
                     [](const auto& a, const auto& b) { return a.frame < b.frame; });
    write_video(bank_, video.name, record, encoder_.info().embedding_dim);
    ++summary_.videos;
    summary_.frames += static_cast<std::int64_t>(record.frames.size());
    summary_.failed += static_cast<std::int64_t>(record.failed.size());
  }

  Encoder& encoder_;
  const fs::path& bank_;
  const EncodeOptions& options_;
  std::size_t batch_size_, dim_;
  BatchLoader loader_;
  std::vector<float> embeddings_;
  EncodeSummary summary_;
};

}  // namespace

EncodeSummary encode_videos(const std::vector<VideoFrames>& videos, Encoder& encoder,
                            const fs::path& bank, const EncodeOptions& options,
                            const std::vector<std::string>& sources) {
  const BankCompute compute = prepare_bank(bank, encoder, options, sources);
  set_threads(compute.threads);
  std::vector<const VideoFrames*> missing;
  std::int64_t images = 0, skipped_images = 0;
  for (const VideoFrames& video : videos) {
    const auto frames = static_cast<std::int64_t>(video.numbers.size());
    images += frames;
    if (is_done(bank, video, encoder.info(), options)) {
      skipped_images += frames;
    } else {
      missing.push_back(&video);
    }
  }
  Progress progress("encoding", "images", images);
  progress.skip(skipped_images);
  EncodeSummary summary = Job(encoder, bank, options, compute.batch_size).run(missing, progress);
  summary.skipped_videos = static_cast<std::int64_t>(videos.size() - missing.size());
  return summary;
}

}  // namespace mien
