#include "run/checkpoint.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/json_text.h"
#include "mien/core/safetensors.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kStateKey = "training_state";

struct NamedBuffer {
  const char* name;
  at::Tensor& tensor;
};

std::vector<NamedBuffer> buffers_of(Learner& learner) {
  auto& [head, step, average] = learner;
  std::vector<NamedBuffer> buffers = {{"parameters", head.parameters()},
                                      {"statistics", head.statistics()},
                                      {"first_moment", step.first_moment()},
                                      {"second_moment", step.second_moment()},
                                      {"step_count", step.step_count()}};
  if (average) {
    buffers.push_back({"average.parameters", average->head().parameters()});
    buffers.push_back({"average.statistics", average->head().statistics()});
  }
  if (LearnedTaskWeights* weights = step.task_weights()) {
    buffers.push_back({"log_variances", weights->log_variances()});
    buffers.push_back({"log_variances_first_moment", weights->first_moment()});
    buffers.push_back({"log_variances_second_moment", weights->second_moment()});
  }
  return buffers;
}

std::optional<double> optional_number(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

json to_json(const TrainingState& state) {
  json history = json::array();
  for (const EpochRecord& record : state.history) {
    history.push_back({{"epoch", record.epoch},
                       {"lr", record.lr},
                       {"train_loss", record.train_loss},
                       {"validation_loss", record.validation_loss},
                       {"seconds", record.seconds},
                       {"samples_per_second", record.samples_per_second},
                       {"wall_time", record.wall_time}});
    for (const EpochTask& task : reported_tasks(record)) {
      history.back()[metric_key(task.task)] = number_or_null(task.metric);
    }
    for (const EpochValue& value : later_values(record)) {
      history.back()[value.name] = number_or_null(value.number);
    }
  }
  return {{"step", state.step},
          {"history", history},
          {"best_epoch", state.best_epoch},
          {"best_value", state.best_value},
          {"best_is_average", state.best_is_average},
          {"data_digest", state.data_digest}};
}

std::optional<double> number_in(const json& entry, const std::string& key) {
  return optional_number(entry.value(key, json()));
}

EpochTask task_from_json(const json& entry, const Task& task) {
  return {.task = task,
          .metric = number_in(entry, metric_key(task)),
          .ema_metric = number_in(entry, "validation_ema_" + metric_key(task)),
          .cvar_level = number_in(entry, "cvar_level_" + task.name())};
}

TrainingState state_from_json(const json& object, const std::vector<Task>& tasks) {
  TrainingState state;
  object.at("step").get_to(state.step);
  object.at("best_epoch").get_to(state.best_epoch);
  object.at("best_value").get_to(state.best_value);
  state.best_is_average = object.value("best_is_average", false);
  object.at("data_digest").get_to(state.data_digest);
  for (const json& entry : object.at("history")) {
    EpochRecord& record = state.history.emplace_back();
    entry.at("epoch").get_to(record.epoch);
    entry.at("lr").get_to(record.lr);
    entry.at("train_loss").get_to(record.train_loss);
    entry.at("validation_loss").get_to(record.validation_loss);
    for (const Task& task : tasks) record.tasks.push_back(task_from_json(entry, task));
    entry.at("seconds").get_to(record.seconds);
    entry.at("samples_per_second").get_to(record.samples_per_second);
    record.wall_time = entry.value("wall_time", 0.0);
    record.gradient_norm = number_in(entry, "gradient_norm");
    record.sharpness = number_in(entry, "sharpness");
    record.ema_loss = number_in(entry, "validation_ema_loss");
  }
  return state;
}

TrainingState state_of(const SafetensorsFile& saved, const std::vector<Task>& tasks) {
  try {
    return state_from_json(json::parse(saved.metadata_value(kStateKey)), tasks);
  } catch (const json::exception& problem) {
    throw InputError("checkpoint", saved.path().string(),
                     std::string("is damaged (") + problem.what() + ")");
  }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& file, Learner& learner,
                     const TrainingState& state) {
  std::vector<at::Tensor> keep;
  TensorMap tensors;
  for (const auto& [name, tensor] : buffers_of(learner)) {
    keep.push_back(tensor.to(at::kCPU).contiguous());
    tensors[name] = {
        DType::kF32,
        keep.back().sizes().vec(),
        {static_cast<const std::byte*>(keep.back().const_data_ptr()), keep.back().nbytes()}};
  }
  write_safetensors(file, tensors, {{kStateKey, json_text(to_json(state))}});
}

TrainingState load_checkpoint(const std::filesystem::path& file, Learner& learner) {
  const SafetensorsFile saved(file);
  for (const auto& [name, tensor] : buffers_of(learner)) {
    const TensorView& view =
        saved.tensor(name, DType::kF32, static_cast<std::size_t>(tensor.dim()));
    if (view.shape != tensor.sizes().vec()) {
      throw InputError("checkpoint", file.string(),
                       concat(name, " has the shape ", at::IntArrayRef(view.shape), ", expected ",
                              tensor.sizes()));
    }
    const at::Tensor values = at::empty(view.shape, at::TensorOptions().dtype(at::kFloat));
    std::memcpy(values.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
    tensor.copy_(values);
  }
  return state_of(saved, learner.head.shape().tasks);
}

TrainingState read_checkpoint_state(const std::filesystem::path& file,
                                    const std::vector<Task>& tasks) {
  return state_of(SafetensorsFile(file), tasks);
}

}  // namespace mien
