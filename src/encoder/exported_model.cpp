#include "mien/encoder/exported_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>

#include "archive.h"
#include "exact_arithmetic.h"
#include "exported_source.h"
#include "image_function.h"
#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace {

at::Tensor tensor_of(const FloatArray& array) {
  const at::Tensor tensor = at::empty(array.shape, at::kFloat);
  std::ranges::copy(array.values, tensor.data_ptr<float>());
  return tensor;
}

at::Tensor channels_of(const std::array<double, 3>& values) {
  return tensor_of({{1, 3, 1, 1}, std::vector<float>(values.begin(), values.end())});
}

/// fp64 [outputs]; the default is a half for binary outputs, no bias for classes.
at::Tensor levels_of(const ExportedTask& task) {
  const auto columns = static_cast<std::int64_t>(score_columns(task.task));
  const at::Tensor levels = at::full({columns}, task.task.is_binary() ? .5 : 0., at::kDouble);
  std::ranges::copy(task.levels, levels.data_ptr<double>());
  return levels;
}

torch::jit::Module compose(const Archive& archive, const ExportedHead& head,
                           const std::vector<ExportedTask>& tasks) {
  torch::jit::Module model("MienModel");
  for (const at::Tensor& weights : archive.tower.parameters()) weights.set_requires_grad(false);
  model.register_module("encoder", archive.tower);
  model.register_buffer("image_mean", channels_of(archive.info.mean));
  model.register_buffer("image_std", channels_of(archive.info.std));
  for (const auto& [name, array] : head.tensors) {
    model.register_buffer(exported_buffer_name(name), tensor_of(array));
  }
  for (const ExportedTask& task : tasks) {
    if (task.task.is_continuous()) continue;
    model.register_buffer(exported_buffer_name("levels." + task_name(task.task)), levels_of(task));
  }
  model.define(exported_source(archive.info, head, tasks));
  model.eval();
  return model;
}

/// One black picture of another size than the encoder's goes through everything.
void try_out(torch::jit::Module& model, const Archive& archive) {
  const at::Tensor crop =
      at::zeros({1, 3, archive.info.image_size + 1, archive.info.image_size}, at::kByte);
  try {
    const at::NoGradGuard no_gradients;
    model.forward({crop});
  } catch (const std::exception& problem) {
    throw InputError(
        "--encoder", archive.file.string(),
        "expected an archive whose embeddings the run's head takes (" + reason_of(problem) + ")");
  }
}

}  // namespace

void export_model(const std::filesystem::path& encoder, const EncoderOverrides& overrides,
                  const ExportedHead& head, const std::vector<ExportedTask>& tasks,
                  const std::string& description, std::ostream& out) {
  compute_exactly();
  const Archive archive = open_archive(encoder, overrides);
  const std::string problem = require_image_function(archive, make_reference(archive, at::kCPU));
  if (!problem.empty()) log::warn(concat("encoder ", encoder.string(), " ", problem));
  torch::jit::Module model = compose(archive, head, tasks);
  try_out(model, archive);
  model.save(out, {{"mien.json", description}});
}

}  // namespace mien
