#include "mien/head/head_file.h"

#include <nlohmann/json.hpp>
#include <set>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/head/head.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kMetadataKey = "mien";
constexpr const char* kFormat = "mien-head";
constexpr int kVersion = 1;

std::vector<std::string> names_of(const std::vector<Task>& tasks) {
  std::vector<std::string> names;
  for (const Task task : tasks) names.push_back(task_name(task));
  return names;
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
  return {{"format", kFormat},
          {"version", kVersion},
          {"tasks", names_of(shape.tasks)},
          {"input_dim", shape.input_dim},
          {"layers", shape.layers},
          {"width", shape.width},
          {"dropout", shape.dropout},
          {"normalize", normalize_name(shape.normalize)},
          {"inputs", inputs},
          {"expr_counts", metadata.expr_counts},
          {"au_shares", metadata.au_shares},
          {"va_means", metadata.va_means},
          {"banks", metadata.banks},
          {"annotations", metadata.annotations},
          {"split",
           {{"train", split.train},
            {"validation", split.validation},
            {"folds", split.folds},
            {"fold", split.fold}}},
          {"epoch", metadata.epoch},
          {"weights", metadata.weights},
          {"metrics", metadata.metrics}};
}

HeadMetadata from_json(const json& object, const std::string& what) {
  HeadMetadata metadata;
  for (const std::string& name : object.at("tasks").get<std::vector<std::string>>()) {
    metadata.shape.tasks.push_back(task_from_name(name, what));
  }
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
  object.at("expr_counts").get_to(metadata.expr_counts);
  object.at("au_shares").get_to(metadata.au_shares);
  metadata.va_means = object.value("va_means", std::vector<double>());  // older heads lack it
  object.at("banks").get_to(metadata.banks);
  object.at("annotations").get_to(metadata.annotations);
  const json& split = object.at("split");
  metadata.split = {split.at("train"), split.at("validation"), split.at("folds"), split.at("fold")};
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
  const std::set<Task> distinct(shape.tasks.begin(), shape.tasks.end());
  const auto size_is = [](std::size_t size, std::size_t full) { return size == 0 || size == full; };
  return shape.input_dim >= 1 && shape.input_dim <= kMost &&
         (metadata.inputs.empty() || inputs == shape.input_dim) && shape.layers >= 0 &&
         shape.layers <= 64 && shape.width >= 1 && shape.width <= kMost && !shape.tasks.empty() &&
         distinct.size() == shape.tasks.size() &&
         size_is(metadata.expr_counts.size(), kExpressions) &&
         size_is(metadata.au_shares.size(), kActionUnits) &&
         size_is(metadata.va_means.size(), score_columns(Task::kVa));
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
