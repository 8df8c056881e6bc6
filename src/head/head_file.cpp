#include "mien/head/head_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/data/challenge.h"
#include "mien/head/head.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kMetadataKey = "mien";
constexpr const char* kFormat = "mien-head";
constexpr int kVersion = 1;

/// A task's numbers; labels are counted in whole numbers.
json numbers_json(const Task& task, const std::vector<double>& numbers) {
  if (!task.is_classes()) return numbers;
  std::vector<std::int64_t> counts;
  for (const double count : numbers) counts.push_back(static_cast<std::int64_t>(count));
  return counts;
}

/// Every head has an entry for each of the challenge's tasks, trained or not.
void add_statistics(const LabelStatistics& statistics, json& object) {
  for (const Task& task : challenge_tasks()) object[statistics_key(task)] = json::array();
  for (const auto& [task, numbers] : statistics) {
    object[statistics_key(task)] = numbers_json(task, numbers);
  }
}

LabelStatistics statistics_in(const json& object, const std::vector<Task>& tasks) {
  LabelStatistics statistics;
  for (const Task& task : tasks) {
    // Older heads lack those of continuous values.
    auto numbers = object.value(statistics_key(task), std::vector<double>());
    if (!numbers.empty()) statistics[task] = std::move(numbers);
  }
  return statistics;
}

json to_json(const HeadMetadata& metadata) {
  json inputs = json::array();
  for (const HeadInput& input : metadata.inputs) {
    json& one = inputs.emplace_back(json{
        {"encoder", input.encoder_name}, {"sha256", input.encoder_sha256}, {"dim", input.dim}});
    if (input.path.empty()) continue;
    one["dtype"] = input.dtype;
    one["path"] = input.path;
  }
  const HeadShape& shape = metadata.shape;
  const SplitSpec& split = metadata.split;
  json object = {{"format", kFormat},
                 {"version", kVersion},
                 {"tasks", to_json(shape.tasks)},
                 {"input_dim", shape.input_dim},
                 {"layers", shape.layers},
                 {"width", shape.width},
                 {"dropout", shape.dropout},
                 {"normalize", normalize_name(shape.normalize)},
                 {"inputs", inputs},
                 {"banks", metadata.banks},
                 {"annotations", to_json(metadata.annotations)},
                 {"split",
                  {{"train", split.train},
                   {"validation", split.validation},
                   {"folds", split.folds},
                   {"fold", split.fold}}},
                 {"epoch", metadata.epoch},
                 {"weights", metadata.weights},
                 {"metrics", metadata.metrics}};
  if (!split.group.empty()) object["split"]["group"] = split.group;
  add_statistics(metadata.statistics, object);
  return object;
}

HeadMetadata from_json(const json& object, const std::string& what) {
  HeadMetadata metadata;
  metadata.shape.tasks = tasks_from_json(object.at("tasks"), what + ": tasks");
  object.at("input_dim").get_to(metadata.shape.input_dim);
  object.at("layers").get_to(metadata.shape.layers);
  object.at("width").get_to(metadata.shape.width);
  object.at("dropout").get_to(metadata.shape.dropout);
  for (const json& input : object.at("inputs")) {
    metadata.inputs.push_back({input.at("encoder"), input.at("sha256"), input.at("dim"),
                               input.value("dtype", ""), input.value("path", "")});
    metadata.shape.parts.push_back(metadata.inputs.back().dim);
  }
  metadata.shape.normalize = normalize_from_name(object.value("normalize", "none"), what);
  metadata.statistics = statistics_in(object, metadata.shape.tasks);
  object.at("banks").get_to(metadata.banks);
  metadata.annotations = annotations_from_json(object.at("annotations"), what + ": annotations");
  const json& split = object.at("split");
  metadata.split = {split.at("train"), split.at("validation"), split.at("folds"), split.at("fold"),
                    split.value("group", "")};
  object.at("epoch").get_to(metadata.epoch);
  metadata.weights = object.value("weights", "raw");
  object.at("metrics").get_to(metadata.metrics);
  return metadata;
}

/// Whether the metadata can be that of a head, before anything is made of its numbers.
bool is_plausible(const HeadMetadata& metadata) {
  constexpr std::int64_t kMost = 1 << 20;
  const HeadShape& shape = metadata.shape;
  std::int64_t inputs = 0;
  for (const HeadInput& input : metadata.inputs) {
    if (input.dim < 1) return false;
    inputs += input.dim;
  }
  const bool fits = std::ranges::all_of(metadata.statistics, [](const auto& entry) {
    return entry.second.size() == score_columns(entry.first);
  });
  return shape.input_dim >= 1 && shape.input_dim <= kMost &&
         (metadata.inputs.empty() || inputs == shape.input_dim) && shape.layers >= 0 &&
         shape.layers <= 64 && shape.width >= 1 && shape.width <= kMost && !shape.tasks.empty() &&
         fits;
}

}  // namespace

void save_head(const std::filesystem::path& file, const Head& head, HeadMetadata metadata) {
  metadata.shape = head.shape();
  std::vector<at::Tensor> keep;
  write_safetensors(file, head.tensors(keep), {{kMetadataKey, json_text(to_json(metadata))}});
}

HeadMetadata read_head_metadata(const std::filesystem::path& file) {
  require_exists(file, "weights", "a file that mien train made");
  const SafetensorsFile weights(file);
  const json object = json::parse(weights.metadata_value(kMetadataKey), nullptr,
                                  /*allow_exceptions=*/false);
  if (!object.is_object() || object.value("format", json()) != kFormat ||
      object.value("version", json()) != kVersion) {
    throw InputError("weights", file.string(), "expected a head that this version of mien made");
  }
  try {
    HeadMetadata metadata = from_json(object, file.string());
    if (is_plausible(metadata)) return metadata;
    throw InputError("weights", file.string(), "has metadata that no head can have");
  } catch (const json::exception& problem) {
    throw InputError("weights", file.string(),
                     std::string("has damaged metadata (") + problem.what() + ")");
  }
}

std::unique_ptr<Head> load_head(const std::filesystem::path& file, const HeadMetadata& metadata,
                                const std::string& device) {
  auto head = std::make_unique<Head>(metadata.shape, at::kFloat, at::Device(device));
  head->load(SafetensorsFile(file));
  return head;
}

void verify_head(const std::filesystem::path& file, const HeadMetadata& metadata) {
  load_head(file, metadata, "cpu");
}

std::filesystem::path weights_of_run(const std::filesystem::path& run, const std::string& which) {
  require_exists(run, "RUN", "a folder that mien train made");
  if (which != "best" && which != "last") {
    throw InputError("--weights", which, "expected best or last");
  }
  const std::filesystem::path file = run / (which + ".safetensors");
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw InputError("RUN", run.string(),
                     "expected a folder with " + which + ".safetensors (made by mien train)");
  }
  return file;
}

}  // namespace mien
