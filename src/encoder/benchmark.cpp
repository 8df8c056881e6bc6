#include "mien/encoder/benchmark.h"

#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>

#include "mien/core/interrupt.h"
#include "mien/encoder/runtime.h"
#include "prepared_archive.h"
#include "tensor_encoder.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMostRuns = 25;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The best of several runs, as other work on the machine only ever makes one slower.
double rate_of(const EncoderPath& path, const at::Tensor& pixels, double seconds) {
  const c10::InferenceMode guard;
  double best = 0;
  const auto start = Clock::now();
  for (int i = 0; i < 2 || (i < kMostRuns && seconds_since(start) < seconds); ++i) {
    const auto begin = Clock::now();
    path.forward(pixels);
    synchronize(pixels.device());
    best = std::max(best, static_cast<double>(pixels.size(0)) / seconds_since(begin));
    if (seconds_since(start) > 4 * seconds) break;
  }
  return best;
}

/// The fastest of the dtype at a batch size (0: at any); null when nothing agrees with the plain
/// module.
const PathRate* best_of(const EncoderBenchmark& result, const std::string& dtype,
                        std::int64_t batch_size) {
  const PathRate* best = nullptr;
  for (const PathRate& rate : result.rates) {
    const bool asked = rate.dtype == dtype && (batch_size == 0 || rate.batch_size == batch_size);
    if (!asked || !rate.problem.empty()) continue;
    if (best == nullptr || rate.images_per_second > best->images_per_second) best = &rate;
  }
  return best;
}

std::vector<std::string> dtypes_to_measure(const EncoderRequest& request) {
  return request.dtype == "auto" ? supported_dtypes(request.device) : dtypes_to_try(request);
}

}  // namespace

std::int64_t default_batch_size(const std::string& device) {
  return device == "cpu" ? kBatchSizeOnCpu : kBatchSizeOnDevice;
}

EncoderBenchmark benchmark_encoder(const std::filesystem::path& file,
                                   const EncoderOverrides& overrides, const EncoderRequest& request,
                                   const std::vector<std::int64_t>& batch_sizes, double seconds,
                                   const std::function<void(const PathRate&)>& on_rate) {
  const std::string& device = request.device;
  const at::Device where(device);
  const PreparedArchive prepared = prepare_archive(file, overrides, where);
  EncoderBenchmark result{.info = prepared.archive.info};
  const std::int64_t side = result.info.image_size;
  for (const std::string& dtype : dtypes_to_measure(request)) {
    for (const PathRecipe& recipe : prepared.recipes(where, dtype)) {
      PathTrial trial = try_path(recipe, prepared.reference, /*measure=*/true);
      if (trial.problem.empty()) confirm_image_function(trial, prepared.reference);
      if (trial.problem.empty()) trial.problem = prepared.reference.batch_dependence;
      for (const std::int64_t batch_size : batch_sizes) {
        throw_if_interrupted("nothing was changed");
        PathRate rate{recipe.name, dtype, batch_size, 0, trial.difference, trial.problem};
        if (trial.problem.empty()) {
          const at::Tensor pixels = at::randn({batch_size, 3, side, side}, at::kFloat).to(where);
          rate.images_per_second = rate_of(*trial.path, pixels, seconds);
        }
        on_rate(rate);
        result.rates.push_back(std::move(rate));
      }
    }
  }
  for (const std::string& dtype : dtypes_to_try(request)) {
    const PathRate* chosen = best_of(result, dtype, default_batch_size(device));
    if (chosen == nullptr) continue;
    result.has_choice = true;
    result.chosen = *chosen;
    result.fastest = *best_of(result, dtype, 0);
    break;
  }
  return result;
}

}  // namespace mien
