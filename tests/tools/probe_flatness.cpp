// Gradient, Hessian and its numbers of a small head, for the oracle by torch.autograd.
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>

#include "mien/data/challenge.h"
#include "mien/flatness/flatness.h"
#include "probe.h"

namespace mien::probe {
namespace {

using nlohmann::json;

at::Tensor tensor_of(const SafetensorsFile& input, const std::string& name, DType dtype,
                     at::ScalarType scalar) {
  const TensorView& view = input.tensor(name, dtype, input.tensors().at(name).shape.size());
  return at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, scalar).clone();
}

void add(Output& output, const std::string& name, const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kDouble).contiguous();
  const auto* values = host.const_data_ptr<double>();
  output.add(name, DType::kF64, host.sizes().vec(),
             std::vector<double>(values, values + host.numel()));
}

FlatnessRows rows_of(const SafetensorsFile& input, const std::vector<Task>& tasks) {
  FlatnessRows rows{tensor_of(input, "x", DType::kF64, at::kDouble), {}};
  for (const Task& task : tasks) {
    const at::Tensor labels = tensor_of(input, "labels." + task_name(task), DType::kI64, at::kLong);
    TaskTargets targets{.task = task};
    targets.valid = labels.ge(0);
    targets.labels = labels.clamp_min(0);
    if (task == au_task()) targets.labels = targets.labels.to(at::kDouble);
    rows.targets.push_back(targets);
  }
  return rows;
}

/// x [N, D] f64, labels.<task> i64, options.init (F64 weights), layers, width, tasks, alpha, rho ->
/// weights [P] (flat), gradient [P], hessian [P, P] (a product a unit vector), loss, ascent, top
void probe_flatness(const SafetensorsFile& input, const json& options, Output& output) {
  std::vector<Task> tasks;
  for (const auto& name : options.at("tasks"))
    tasks.push_back(challenge_task_from_name(name.get<std::string>(), "tasks"));
  const FlatnessRows rows = rows_of(input, tasks);
  const HeadOptions shape{.layers = options.at("layers"), .width = options.at("width")};
  Head head(HeadShape::from(shape, rows.x.size(1), tasks), at::kDouble, at::kCPU);
  head.load(SafetensorsFile(options.at("init").get<std::string>()));
  ObjectiveOptions loss{.cvar_alpha = options.at("alpha"), .cvar_pool = options.at("pool")};
  loss.focal = options.at("focal");
  const Objective objective(loss, {});
  const LossDerivatives derivatives(head, objective, rows);
  const at::Tensor units = at::eye(head.parameter_count(), at::TensorOptions().dtype(at::kDouble));
  std::vector<at::Tensor> columns;
  for (const at::Tensor& unit : units.unbind())
    columns.push_back(derivatives.hessian_product(unit));
  const Flatness flatness =
      measure_flatness(head, objective, rows, {.rho = options.at("rho"), .products = 200});
  add(output, "weights", head.parameters());
  add(output, "gradient", derivatives.gradient());
  add(output, "hessian", at::stack(columns, 1));
  output.add("numbers", DType::kF64, {3},
             std::vector<double>{flatness.loss, flatness.ascent, flatness.top.value});
}

}  // namespace

std::map<std::string, Function> flatness_probes() {
  return {{"flatness", probe_flatness}};
}

}  // namespace mien::probe
