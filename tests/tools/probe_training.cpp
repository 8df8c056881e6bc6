// Objective, sharpness-aware step, schedule and batches, for the PyTorch and scipy oracles.
#include <ATen/ops/from_blob.h>
#include <ATen/ops/where.h>

#include "mien/data/challenge.h"
#include "mien/head/head.h"
#include "mien/objective/cvar.h"
#include "mien/training/batches.h"
#include "mien/training/schedule.h"
#include "mien/training/step.h"
#include "probe.h"

namespace mien::probe {
namespace {

using nlohmann::json;

at::ScalarType torch_dtype(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return at::kDouble;
    case DType::kF32:
      return at::kFloat;
    case DType::kI64:
      return at::kLong;
    case DType::kU8:
      return at::kByte;
    default:
      throw std::runtime_error("the probe does not take " + dtype_name(dtype));
  }
}

at::Tensor tensor_of(const SafetensorsFile& input, const std::string& name) {
  const TensorView& view = input.tensors().at(name);
  return at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape,
                       torch_dtype(view.dtype))
      .clone();
}

void add(Output& output, const std::string& name, const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kDouble).contiguous();
  const auto* values = host.const_data_ptr<double>();
  output.add(name, DType::kF64, host.sizes().vec(),
             std::vector<double>(values, values + host.numel()));
}

/// losses.<i>, valid.<i> and options.alpha[i] -> value.<i>, gradient.<i>
void probe_cvar(const SafetensorsFile& input, const json& options, Output& output) {
  const auto alphas = options.at("alpha").get<std::vector<double>>();
  for (std::size_t i = 0; i < alphas.size(); ++i) {
    const std::string suffix = "." + std::to_string(i);
    const at::Tensor losses = tensor_of(input, "losses" + suffix);
    const at::Tensor valid = tensor_of(input, "valid" + suffix).to(at::kBool);
    const at::Tensor given = valid.all().item<bool>() ? at::Tensor() : valid;
    add(output, "value" + suffix, cvar(losses, given, alphas[i]));
    add(output, "gradient" + suffix, cvar_weights(losses, given, alphas[i]).weights);
  }
}

ObjectiveOptions objective_options(const json& options) {
  ObjectiveOptions objective;
  objective.cvar_alpha = options.value("alpha", objective.cvar_alpha);
  objective.cvar_pool = options.value("pool", objective.cvar_pool);
  objective.auc_weight = options.value("auc_weight", objective.auc_weight);
  objective.label_smoothing = options.value("label_smoothing", objective.label_smoothing);
  objective.logit_adjustment = options.value("logit_adjustment", objective.logit_adjustment);
  objective.focal = options.value("focal", objective.focal);
  objective.class_weights = options.value("class_weights", objective.class_weights);
  objective.continuous = options.value("continuous", objective.continuous);
  objective.task_weights = options.value("task_weights", objective.task_weights);
  objective.task_weighting = options.value("task_weighting", objective.task_weighting);
  objective.cvar_alpha_start = options.value("alpha_start", objective.cvar_alpha_start);
  objective.cvar_alpha_epochs = options.value("alpha_epochs", objective.cvar_alpha_epochs);
  return objective;
}

std::vector<Task> tasks_of(const json& options) {
  std::vector<Task> tasks;
  for (const std::string& name : options.at("tasks").get<std::vector<std::string>>()) {
    tasks.push_back(challenge_task_from_name(name, "tasks"));
  }
  return tasks;
}

/// Labels with -1 (VA: -5) where not valid -> targets of rows [begin, end).
TaskTargets targets_of(Task task, const at::Tensor& labels, std::int64_t begin, std::int64_t end,
                       at::ScalarType dtype) {
  const at::Tensor rows = labels.narrow(0, begin, end - begin);
  TaskTargets targets{.task = task};
  if (task == va_task()) {
    targets.valid = rows.ne(-5).all(1);
    targets.labels = at::where(targets.valid.unsqueeze(1), rows, 0.).to(dtype);
    return targets;
  }
  targets.valid = rows.ge(0);
  const at::Tensor clean = rows.clamp_min(0);
  targets.labels = task == expr_task() ? clean.to(at::kLong) : clean.to(dtype);
  return targets;
}

/// logits.<task> [B, C], labels.<task>, videos [B] (i64, for per_video) -> loss,
/// tail_level.<task>, gradient.<task>
void probe_objective(const SafetensorsFile& input, const json& options, Output& output) {
  const std::vector<Task> tasks = tasks_of(options);
  ClassCounts counts;
  for (const Task& task : tasks) {
    counts.push_back(options.value(statistics_key(task), std::vector<std::int64_t>()));
  }
  const Objective objective(objective_options(options), counts);
  std::vector<at::Tensor> logits;
  std::vector<TaskTargets> targets;
  for (const Task& task : tasks) {
    logits.push_back(tensor_of(input, "logits." + task_name(task)));
    const at::Tensor labels = tensor_of(input, "labels." + task_name(task));
    targets.push_back(targets_of(task, labels, 0, labels.size(0), logits.back().scalar_type()));
    if (!input.tensors().contains("videos")) continue;
    targets.back().videos = tensor_of(input, "videos");
    targets.back().video_count = targets.back().videos.max().item<std::int64_t>() + 1;
  }
  const ObjectiveValue value = objective.evaluate(logits, targets);
  add(output, "loss", value.loss);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const at::Tensor& level = value.tail_levels[i];
    if (level.defined()) add(output, "tail_level." + task_name(targets[i].task), level);
    add(output, "gradient." + task_name(targets[i].task), value.gradients[i]);
  }
}

/// Weights by name, x [N, D], labels.<task>: options.steps steps over batches in order, dropout
/// off -> losses [steps], every tensor of the head at the end, logits.<task> in evaluation mode,
/// log_variances where they are learned.
void probe_train(const SafetensorsFile& input, const json& options, Output& output) {
  const at::Tensor x = tensor_of(input, "x");
  HeadOptions head_options{
      .layers = options.at("layers"), .width = options.at("width"), .dropout = 0};
  const auto tasks = tasks_of(options);
  Head head(HeadShape::from(head_options, x.size(1), tasks), x.scalar_type(), at::kCPU);
  head.load(SafetensorsFile(options.at("init").get<std::string>()));
  const Objective objective(objective_options(options), {});
  const OptimizerOptions optimizer;
  const SamOptions sam{.rho = options.at("rho"), .adaptive = options.value("adaptive", false)};
  SharpnessAwareStep step(head, objective, optimizer, sam, Precision::kFull, 1);
  const auto ranges = batch_ranges(x.size(0), options.at("batch_size"));
  const AlphaSchedule alpha(objective.options(), std::ssize(ranges));
  std::vector<double> losses;
  const auto steps = options.at("steps").get<std::int64_t>();
  for (std::int64_t s = 0; s < steps; ++s) {
    const BatchRange range = ranges[static_cast<std::size_t>(s) % ranges.size()];
    std::vector<TaskTargets> targets;
    for (const Task& task : tasks) {
      targets.push_back(targets_of(task, tensor_of(input, "labels." + task_name(task)), range.begin,
                                   range.end, x.scalar_type()));
    }
    const at::Tensor rows = x.narrow(0, range.begin, range.end - range.begin);
    losses.push_back(step(rows, targets, optimizer.lr, s, alpha.at(s)).loss.item<double>());
  }
  output.add("losses", DType::kF64, {steps}, losses);
  for (const auto& [name, tensor] : head.named_tensors()) add(output, name, tensor);
  if (LearnedTaskWeights* weights = step.task_weights()) {
    add(output, "log_variances", weights->log_variances());
  }
  const auto logits = head.forward(x);
  for (std::size_t i = 0; i < tasks.size(); ++i)
    add(output, "logits." + task_name(tasks[i]), logits[i]);
}

/// options.kind ... -> lr [epochs * steps_per_epoch]
void probe_schedule(const SafetensorsFile&, const json& options, Output& output) {
  const ScheduleOptions schedule_options{.kind = options.at("kind"),
                                         .warmup_epochs = options.at("warmup_epochs"),
                                         .min_lr = options.at("min_lr")};
  const std::int64_t epochs = options.at("epochs"), steps = options.at("steps_per_epoch");
  const Schedule schedule(schedule_options, options.at("lr"), epochs, steps);
  std::vector<double> rates;
  for (std::int64_t s = 0; s < epochs * steps; ++s) rates.push_back(schedule.at(s));
  output.add("lr", DType::kF64, {epochs * steps}, rates);
}

/// options.seed -> every tensor of a fresh head
void probe_initialise(const SafetensorsFile&, const json& options, Output& output) {
  const HeadOptions head_options{.layers = options.at("layers"), .width = options.at("width")};
  Head head(HeadShape::from(head_options, options.at("input_dim"), tasks_of(options)), at::kFloat,
            at::kCPU);
  head.initialise(options.at("seed"));
  for (const auto& [name, tensor] : head.named_tensors()) add(output, name, tensor);
  output.add("parameter_count", DType::kI64, {1},
             std::vector<std::int64_t>{head.parameter_count()});
}

}  // namespace

std::map<std::string, Function> training_probes() {
  return {{"cvar", probe_cvar},
          {"objective", probe_objective},
          {"train", probe_train},
          {"schedule", probe_schedule},
          {"initialise", probe_initialise}};
}

}  // namespace mien::probe
