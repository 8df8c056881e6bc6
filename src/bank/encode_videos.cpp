#include "mien/bank/encode_videos.h"

#include <algorithm>

#include "bank_json.h"
#include "encode_job.h"
#include "encode_plan.h"
#include "mien/bank/settle_bank.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/progress.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

void require_computes(const Encoder& encoder, const BankCompute& compute, const fs::path& folder) {
  if (compute.path == encoder.path_name() && compute.dtype == encoder.dtype_name()) return;
  throw InputError(
      "--encoder", encoder.info().name,
      concat("would run by ", encoder.path_name(), " in ", encoder.dtype_name(), ", ",
             (folder / kBankFile).string(), " says ", compute.path, " in ", compute.dtype));
}

void report(const std::vector<UnusableVideo>& unusable, std::size_t videos) {
  for (const UnusableVideo& video : unusable) {
    log::warn(concat("video ", video.video, " is not encoded: ", video.reason));
  }
  if (unusable.empty() || unusable.size() < videos) return;
  throw InputError("--images", unusable.front().video, unusable.front().reason);
}

std::int64_t workers_of(const EncodeOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::max<std::int64_t>(1, runtime_facts().processors / 2);
}

}  // namespace

EncodeSummary encode_videos(const std::vector<VideoFrames>& videos, Encoder& encoder,
                            const fs::path& bank, const EncodeOptions& options,
                            const std::vector<std::string>& sources) {
  const BankCompute compute = settle_bank(bank, encoder, options, sources);
  require_computes(encoder, compute, bank);
  remove_old_temporaries(bank, kDeadTemporary);
  set_threads(compute.threads);
  const VideoRecipe recipe{bank, encoder.info(), compute, options.every, options.corruption};
  const EncodePlan plan = plan_encoding(videos, recipe, options);
  report(plan.unusable, videos.size());
  Progress progress("encoding", "images", plan.images);
  progress.skip(plan.skipped_images);
  EncodeSummary summary = EncodeJob(plan, recipe, encoder, workers_of(options), progress).run();
  if (summary.frames == 0 && summary.not_finite > 0) {
    throw InputError("--encoder", encoder.info().name,
                     concat("gave no finite embedding of ", with_thousands(summary.not_finite),
                            " images in ", encoder.dtype_name(),
                            ", which are recorded as failed; expected numbers that half precision "
                            "holds, up to 65504"));
  }
  summary.skipped_videos = plan.skipped_videos;
  summary.unusable = plan.unusable;
  return summary;
}

}  // namespace mien
