#include "path_trial.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cosine_similarity.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "image_function.h"
#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kSeed = 5;
constexpr double kLargestDifference = 1e-5;
constexpr double kSmallestCosine = .9995;
constexpr double kCheckSeconds = .25;     ///< of the plain module, for the batch to compare
constexpr double kTimedSeconds = 1.5;     ///< of the plain module, for the batch to time
constexpr double kMeasuredSeconds = .75;  ///< a path is timed at least so long
constexpr std::int64_t kMostImages = 16, kMostImagesOnDevice = 64;
constexpr int kMostRuns = 4;

struct Timed {
  at::Tensor embeddings;
  double seconds = 0;
};

Timed run(const EncoderPath& path, const at::Tensor& pixels) {
  const c10::InferenceMode guard;
  const auto start = Clock::now();
  const at::Tensor embeddings = path.forward(pixels);
  synchronize(pixels.device());
  return {embeddings, std::chrono::duration<double>(Clock::now() - start).count()};
}

/// Normalised images: noise, a black one (as a failed image is), a smooth one, then noise.
at::Tensor probe_images(std::int64_t images, const EncoderInfo& info, const at::Device& device) {
  const std::int64_t side = info.image_size;
  at::Generator generator = at::detail::createCPUGenerator(kSeed);
  at::Tensor pixels = at::randn({images, 3, side, side}, generator, at::kFloat);
  for (std::int64_t c = 0; c < 3; ++c) {
    const double mean = info.mean[static_cast<std::size_t>(c)];
    const double std = info.std[static_cast<std::size_t>(c)];
    if (images > 1) pixels[1][c].fill_(-mean / std);
    if (images > 2) {
      const at::Tensor slope = at::linspace((0 - mean) / std, (1 - mean) / std, side, at::kFloat);
      pixels[2][c].copy_(slope.expand({side, side}));
    }
  }
  return pixels.to(device);
}

/// Why these outputs are no embeddings of the encoder; empty when they are.
std::string shape_problem(const at::Tensor& output, std::int64_t images, const EncoderInfo& info) {
  if (output.dim() != 2) {
    return concat("gives an output of ", output.dim(), " dimensions, expected [B, D]");
  }
  if (output.size(0) != images) {
    return concat("gives ", output.size(0), " embeddings for ", images,
                  " images, expected one each");
  }
  if (info.embedding_dim != 0 && info.embedding_dim != output.size(1)) {
    return concat("gives ", output.size(1), " values an image, its mien.json says ",
                  info.embedding_dim);
  }
  return {};
}

std::string difference_problem(const std::string& dtype, double difference, double cosine) {
  if (dtype == "fp32") {
    return difference <= kLargestDifference  // false for a NaN
               ? ""
               : concat("differs by ", difference, " from the plain module, more than ",
                        kLargestDifference);
  }
  return cosine >= kSmallestCosine ? ""
                                   : concat("has a cosine of ", cosine,
                                            " with the plain module in "
                                            "fp32, less than ",
                                            kSmallestCosine);
}

void compare(const at::Tensor& found, const Reference& reference, PathTrial& trial) {
  if (found.sizes() != reference.embeddings.sizes()) {
    trial.problem = "gives an output of another shape";
    return;
  }
  trial.difference = largest_difference(found, reference.embeddings);
  const double cosine = at::cosine_similarity(found, reference.embeddings, 1).min().item<double>();
  trial.problem = difference_problem(trial.path->dtype, trial.difference, cosine);
}

/// Images that take about `seconds`.
std::int64_t images_in(double seconds, double seconds_an_image, std::int64_t most) {
  return std::clamp(static_cast<std::int64_t>(seconds / seconds_an_image), std::int64_t{2}, most);
}

/// Images/s at about the size of real batches, the best of several runs where they are short. The
/// check's own time counts where a run takes long.
double measured_rate(const EncoderPath& path, const Reference& reference, double check_seconds) {
  const bool is_checked_batch = reference.timed_pixels.size(0) == reference.pixels.size(0);
  double best = is_checked_batch ? check_seconds : std::numeric_limits<double>::infinity();
  double total = is_checked_batch ? check_seconds : 0;
  for (int i = 0; i < kMostRuns && total < kMeasuredSeconds; ++i) {
    const double seconds = run(path, reference.timed_pixels).seconds;
    best = std::min(best, seconds);
    total += seconds;
  }
  return static_cast<double>(reference.timed_pixels.size(0)) / best;
}

/// Head counts worth trying, the most usual first.
std::vector<std::int64_t> head_counts(std::int64_t width) {
  std::vector<std::int64_t> counts;
  for (const std::int64_t dim : {64, 32, 80, 88, 96, 104, 128, 112, 72, 48, 40, 24, 16, 8}) {
    if (width % dim == 0) counts.push_back(width / dim);
  }
  for (const std::int64_t heads : {2, 3, 4, 1}) {
    const bool listed = std::find(counts.begin(), counts.end(), heads) != counts.end();
    if (width % heads == 0 && !listed) counts.push_back(heads);
  }
  return counts;
}

}  // namespace

double largest_difference(const at::Tensor& found, const at::Tensor& expected) {
  const at::Tensor size = expected.norm(2, 1).clamp_min(std::numeric_limits<float>::min());
  return (found - expected).norm(2, 1).div(size).max().item<double>();
}

void synchronize(const at::Device& device) {
  if (!device.is_cpu()) {
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
  }
}

Reference make_reference(const Archive& archive, const at::Device& device) {
  const EncoderPath plain = plain_path(archive, device);
  const EncoderInfo& info = archive.info;
  Reference reference;
  const auto forward = [&](std::int64_t images) {
    reference.pixels = probe_images(images, info, device);
    try {
      const Timed timed = run(plain, reference.pixels);
      reference.embeddings = timed.embeddings;
      reference.seconds = timed.seconds / static_cast<double>(images);
    } catch (const std::exception& problem) {  // c10::Error, and what a script raises
      throw InputError("--encoder", archive.file.string(),
                       concat("fails on an input [", images, ", 3, ", info.image_size, ", ",
                              info.image_size, "] (", reason_of(problem), ")"));
    }
    const std::string problem = shape_problem(reference.embeddings, images, info);
    if (!problem.empty()) throw InputError("--encoder", archive.file.string(), problem);
  };
  const std::int64_t most = device.is_cpu() ? kMostImages : kMostImagesOnDevice;
  forward(1);
  forward(2);  // another size of batch must do too, and the first time is never typical
  const std::int64_t checked = images_in(kCheckSeconds, reference.seconds, most);
  if (checked > 2) forward(checked);
  const std::int64_t timed = images_in(kTimedSeconds, reference.seconds, most);
  reference.timed_pixels =
      timed > reference.pixels.size(0) ? probe_images(timed, info, device) : reference.pixels;
  return reference;
}

PathTrial try_path(const PathRecipe& recipe, const Reference& reference, bool measure) {
  PathTrial trial;
  try {
    trial.path = recipe.make();
    const Timed first = run(*trial.path, reference.pixels);
    trial.embeddings = first.embeddings;
    compare(first.embeddings, reference, trial);
    if (is_plain(*trial.path, reference.pixels.device())) trial.problem.clear();
    if (measure && trial.problem.empty()) {
      trial.images_per_second = measured_rate(*trial.path, reference, first.seconds);
    }
  } catch (const std::exception& problem) {
    trial.problem = concat("fails (", reason_of(problem), ")");
  }
  return trial;
}

void confirm_image_function(PathTrial& trial, const Reference& reference) {
  const bool is_proven = is_plain(*trial.path, reference.pixels.device());
  if (!trial.problem.empty() || is_proven || !reference.batch_dependence.empty()) return;
  try {
    const at::Tensor embeddings = run(*trial.path, reference.pixels).embeddings;
    trial.problem =
        image_function_problem(*trial.path, reference.rounds_inside, reference.pixels, embeddings);
  } catch (const std::exception& problem) {
    trial.problem = concat("fails (", reason_of(problem), ")");
  }
}

PathTrial fastest_path(std::vector<PathRecipe> recipes, const Reference& reference, Report report) {
  PathTrial best;
  std::vector<std::string> rates;
  for (const PathRecipe& recipe : recipes) {
    PathTrial trial = try_path(recipe, reference, /*measure=*/recipes.size() > 1);
    if (!trial.problem.empty()) {
      report(concat("encoder path ", recipe.name, " is not used: it ", trial.problem));
      continue;
    }
    rates.push_back(concat(recipe.name, " ", fixed(trial.images_per_second, 1)));
    if (!best.path || trial.images_per_second > best.images_per_second) best = std::move(trial);
  }
  log::debug("images/s by path: " + join(rates));
  if (!best.path) return best;
  confirm_image_function(best, reference);
  if (best.problem.empty()) return best;
  const std::string name = best.path->name;  // so rare that the others may be tried once more
  report(concat("encoder path ", name, " is not used: it ", best.problem));
  std::erase_if(recipes, [&name](const PathRecipe& recipe) { return recipe.name == name; });
  return fastest_path(std::move(recipes), reference, report);
}

std::optional<ClipVitWeights> prove_clip_vit(ClipVitWeights weights, const Reference& reference) {
  const Reference first = {reference.pixels.narrow(0, 0, 1).cpu(),
                           reference.embeddings.narrow(0, 0, 1).cpu(),
                           {},
                           0,
                           false,
                           {}};
  for (const std::int64_t heads : head_counts(weights.width())) {
    weights.heads = heads;
    const PathRecipe recipe = {
        "clip-vit", [&weights] {
          const auto vit =
              std::make_shared<ClipVit>(weights, LinearKernel::kBlas, at::kFloat, at::kCPU);
          return EncoderPath{"clip-vit", "fp32", false,
                             [vit](const at::Tensor& pixels) { return vit->forward(pixels); }};
        }};
    if (try_path(recipe, first, /*measure=*/false).problem.empty()) return weights;
  }
  return std::nullopt;
}

}  // namespace mien
