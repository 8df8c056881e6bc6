#include "mien/training/inputs.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/safetensors.h"
#include "mien/core/text.h"
#include "mien/data/splits.h"
#include "mien/head/head.h"
#include "mien/training/batches.h"

namespace mien {
namespace {

constexpr double kBytesPerWeight = 4;
/// Flat fp32 buffers the size of the weights: weights, gradients, two moments, and with a
/// sharpness-aware step the perturbed weights; one more for an average.
constexpr int kPlainBuffers = 4, kSharpnessAwareBuffers = 5;

/// "    Neutral 1,204    Anger 310": a line that says how the labels are spread.
std::string statistics_text(const Task& task, const std::vector<double>& numbers) {
  std::vector<std::string> parts;
  for (std::size_t c = 0; c < numbers.size(); ++c) {
    const std::string& name = task.outputs()[c];
    switch (task.kind()) {
      case TaskKind::kClasses:
        parts.push_back(concat(name, " ", with_thousands(static_cast<std::int64_t>(numbers[c]))));
        break;
      case TaskKind::kBinary:
        parts.push_back(concat(name, " ", fixed(100 * numbers[c], 1), " %"));
        break;
      case TaskKind::kContinuous:
        parts.push_back(concat("mean ", name, " ", fixed(numbers[c], 3)));
    }
  }
  return "    " + join(parts, "    ") + "\n";
}

std::string split_text(const std::string& name, const SplitLabels& labels, const Dataset& data) {
  std::string text =
      concat(name, ": ", with_thousands(data.size()), " rows of ", data.videos.size(), " videos (",
             videos_of(labels).size(), " annotated)\n");
  for (const TaskLabels& task : data.tasks) {
    text += concat("  ", task_name(task.task), ": ",
                   with_thousands(task.valid_host.any(1).sum().item<std::int64_t>()),
                   " labelled rows, ", with_thousands(task.without_embedding),
                   " more without an embedding\n");
  }
  for (const auto& [task, numbers] : data.statistics()) text += statistics_text(task, numbers);
  return text;
}

at::Tensor as_tensor(const std::vector<double>& values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return at::from_blob(const_cast<double*>(values.data()), {size}, at::kDouble).clone();
}

/// The labels without their values: names of videos and files.
SplitLabels names_of(const SplitLabels& labels) {
  SplitLabels names;
  for (const LabelSet& set : labels) {
    LabelSet& bare =
        names.emplace_back(LabelSet{.task = set.task, .split = set.split, .files = set.files});
    for (const VideoLabels& video : set.videos) bare.videos.push_back({.video = video.video});
  }
  return names;
}

/// One side's rows; what remains of its labels goes to `names` and `groups`.
Dataset load_side(const TrainOptions& options, const std::vector<Bank>& banks, Split side,
                  const std::string& device, SplitLabels& names, std::set<std::string>& groups) {
  SplitLabels labels = load_split_side(options.annotations, options.tasks, options.split, side);
  names = names_of(labels);
  groups = groups_of(labels);
  return load_dataset(banks, std::move(labels), device);
}

/// A head too large for the machine is the user's to change.
Head sized_head(const HeadShape& shape, const std::string& device) {
  try {
    return Head(shape, at::kFloat, at::Device(device));
  } catch (const c10::Error&) {
    throw InputError("head.width", std::to_string(shape.width),
                     concat("there is no memory for ", with_thousands(shape.parameter_count()),
                            " parameters; expected a smaller head"));
  }
}

}  // namespace

Head make_head(const TrainOptions& options, const HeadShape& shape,
               const std::optional<InputMoments>& moments, const std::string& device) {
  Head head = sized_head(shape, device);
  head.initialise(static_cast<std::uint64_t>(options.seed));
  const auto& [mean, deviation] = head.input_statistics();
  if (mean.defined() && moments) {
    mean.copy_(as_tensor(moments->mean));
    deviation.copy_(as_tensor(moments->std));
  }
  if (options.init.empty()) return head;
  require_exists(options.init, "init", "a safetensors file with weights");
  const SafetensorsFile weights(options.init);
  if (!mean.defined() && weights.tensors().contains("input.mean")) {
    throw InputError("init", options.init,
                     "holds input.mean and input.std; expected normalize = standardize beside it");
  }
  head.load(weights, WithoutInputs::kKeepOwn);
  return head;
}

std::vector<std::string> bank_paths(const TrainOptions& options) {
  const auto& sources = options.annotations.sources;
  std::vector<std::vector<std::string>> sides;  // of every source, the run's own once
  const bool uses_own =
      std::ranges::any_of(sources, [](const LabelSource& source) { return source.bank.empty(); });
  if (uses_own) sides.push_back(options.bank);
  for (const LabelSource& source : sources) {
    const bool is_new = std::ranges::find(sides, source.bank) == sides.end();
    if (!source.bank.empty() && is_new) sides.push_back(source.bank);
  }
  std::vector<std::string> paths = sides.empty() ? options.bank : sides.front();
  for (std::size_t s = 1; s < sides.size(); ++s) {
    if (sides[s].size() != paths.size()) {
      throw InputError(
          "annotations: bank", join(sides[s]),
          concat("expected ", paths.size(), " banks side by side, as the other sources have"));
    }
    for (std::size_t i = 0; i < paths.size(); ++i) paths[i] += ":" + sides[s][i];
  }
  return paths;
}

TrainingInputs load_inputs(const TrainOptions& options, const std::string& device) {
  TrainingInputs inputs;
  for (const std::string& folders : bank_paths(options)) {
    require_clean(inputs.banks.emplace_back(open_bank(folders)), "bank");
  }
  std::set<std::string> training, validation;
  inputs.training =
      load_side(options, inputs.banks, Split::kTrain, device, inputs.labels.training, training);
  inputs.validation = load_side(options, inputs.banks, Split::kValidation, device,
                                inputs.labels.validation, validation);
  std::ranges::set_intersection(training, validation, std::back_inserter(inputs.leaks));
  if (options.normalize == "standardize") inputs.training.moments = input_moments(inputs.training);
  make_head(options, shape_of(options, inputs.banks), {},
            "cpu");  // refuses what it cannot be made of
  return inputs;
}

HeadShape shape_of(const TrainOptions& options, const std::vector<Bank>& banks) {
  std::vector<std::int64_t> parts;
  for (const Bank& bank : banks) parts.push_back(bank.info().encoder.embedding_dim);
  const auto dim = std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  HeadShape shape = HeadShape::from(options.head, dim, options.tasks);
  shape.normalize = normalize_from_name(options.normalize, "normalize");
  shape.parts = std::move(parts);
  return shape;
}

HeadMetadata metadata_of(const TrainOptions& options, const TrainingInputs& inputs) {
  HeadMetadata metadata;
  metadata.shape = shape_of(options, inputs.banks);
  for (const Bank& bank : inputs.banks) {
    const EncoderInfo& encoder = bank.info().encoder;
    const BankCompute compute = bank.info().compute.value_or(BankCompute{});
    metadata.inputs.push_back(
        {encoder.name, encoder.file_sha256, encoder.embedding_dim, compute.dtype, compute.path});
  }
  metadata.statistics = inputs.training.statistics();
  metadata.banks = bank_paths(options);
  metadata.annotations = options.annotations;
  metadata.split = options.split;
  return metadata;
}

ClassCounts class_counts_of(const HeadMetadata& head) {
  ClassCounts counts;
  for (const Task& task : head.shape.tasks) {
    std::vector<std::int64_t>& of_task = counts.emplace_back();
    const auto found = head.statistics.find(task);
    if (!task.is_classes() || found == head.statistics.end()) continue;
    for (const double count : found->second) of_task.push_back(static_cast<std::int64_t>(count));
  }
  return counts;
}

std::vector<std::string> leaks(const LabelSplit& labels) {
  const std::set<std::string> training = groups_of(labels.training),
                              validation = groups_of(labels.validation);
  std::vector<std::string> shared;
  std::ranges::set_intersection(training, validation, std::back_inserter(shared));
  return shared;
}

void warn_of_leaks(const std::vector<std::string>& leaks, std::set<std::string>& warned) {
  for (const std::string& recording : leaks) {
    if (!warned.insert(recording).second) continue;
    log::warn("recording " + recording + " is both in training and in validation");
  }
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::ptrdiff_t kShown = 5;
  const auto end = names.begin() + std::min(kShown, std::ssize(names));
  const std::string text = join({names.begin(), end});
  return end == names.end() ? text : concat(text, " and ", names.end() - end, " more");
}

std::string plan_text(const TrainOptions& options, const TrainingInputs& inputs,
                      const std::string& device) {
  const HeadShape shape = shape_of(options, inputs.banks);
  const auto steps =
      static_cast<std::int64_t>(batch_ranges(inputs.training.size(), options.batch_size).size());
  const auto weights = static_cast<double>(shape.parameter_count()) * kBytesPerWeight;
  const int averages = options.ema > 0 ? 1 : 0;
  const int buffers = (options.sam.rho > 0 ? kSharpnessAwareBuffers : kPlainBuffers) + averages;
  const double data = static_cast<double>(inputs.training.embeddings.nbytes() +
                                          inputs.validation.embeddings.nbytes());
  const double activations = static_cast<double>(options.batch_size * shape.width) *
                             kBytesPerWeight * static_cast<double>(3 * shape.layers + 1);

  std::string text = split_text("training", inputs.labels.training, inputs.training) +
                     split_text("validation", inputs.labels.validation, inputs.validation);
  text += inputs.leaks.empty()
              ? "leaks: none (no recording is on both sides)\n"
              : concat("leaks: ", inputs.leaks.size(),
                       " recordings are on both sides: ", some_of(inputs.leaks), "\n");
  text += concat("head: ", shape.input_dim, " -> ", shape.layers, " x ", shape.width, " -> ",
                 join(names_of(options.tasks)), ", ", with_thousands(shape.parameter_count()),
                 " parameters",
                 shape.normalize == Normalize::kNone ? "" : ", inputs " + options.normalize, "\n");
  text += concat("steps: ", with_thousands(steps), " an epoch, ",
                 with_thousands(steps * options.epochs), " in ", options.epochs,
                 " epochs of batch ", options.batch_size, " on ", device, "\n");
  text += concat("memory: about ", bytes_text(data + weights * buffers + activations),
                 " (embeddings ", bytes_text(data), ") beside LibTorch itself\n");
  text += concat("disk: about ", bytes_text(weights * (5 + averages)), " in the run's folder\n");
  return text;
}

}  // namespace mien
