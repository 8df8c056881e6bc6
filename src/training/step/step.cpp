#include "mien/training/step.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "step/step_recorder.h"

namespace mien {
namespace {

constexpr double kNormEpsilon = 1e-12;

/// On the CPU as the norm of norms of pieces, each by one thread: a sum over all would depend on
/// how many there are.
at::Tensor norm_of(const at::Tensor& flat) {
  constexpr std::int64_t kPiece = 4096;
  const std::int64_t whole = flat.size(0) / kPiece * kPiece;
  if (!flat.is_cpu() || whole == 0) return at::dot(flat, flat).sqrt_();
  const at::Tensor rest = flat.narrow(0, whole, flat.size(0) - whole);
  const at::Tensor pieces = at::linalg_vector_norm(flat.narrow(0, 0, whole).view({-1, kPiece}), 2,
                                                   at::OptionalIntArrayRef({1}));
  return at::dot(pieces, pieces).add_(at::dot(rest, rest)).sqrt_();
}

/// rho / (norm + 1e-12), on the device.
at::Tensor radius_over(double rho, const at::Tensor& norm) {
  return norm.add(kNormEpsilon).reciprocal_().mul_(rho);
}

}  // namespace

SharpnessAwareStep::SharpnessAwareStep(Head& head, const Objective& objective,
                                       OptimizerOptions optimizer, SamOptions sam,
                                       Precision precision, std::uint64_t seed)
    : head_(head),
      objective_(objective),
      optimizer_(std::move(optimizer)),
      sam_(sam),
      seed_(seed),
      precision_(precision),
      pass_(head, precision),
      first_moment_(at::zeros_like(head.parameters())),
      second_moment_(at::zeros_like(head.parameters())),
      step_count_(at::zeros({}, head.parameters().options().dtype(at::kFloat))),
      perturbed_(sam.rho > 0 ? at::zeros_like(head.parameters()) : head.parameters()),
      perturbed_layers_(head.shape(), perturbed_),
      lr_(at::zeros({}, head.parameters().options().dtype(
                            head.parameters().is_cpu() ? at::kDouble : at::kFloat))) {
  if (!head.parameters().is_cpu()) make_dropout_bits();
  const ObjectiveOptions& options = objective.options();
  if (!options.learns_task_weights()) return;
  task_weights_.emplace(options, head.shape().tasks.size(), head.parameters());
  objective_state_.log_variances = task_weights_->log_variances();
}

SharpnessAwareStep::~SharpnessAwareStep() = default;

void SharpnessAwareStep::make_dropout_bits() {
  dropout_bits_ = at::zeros({2}, head_.parameters().options().dtype(at::kLong));
}

void SharpnessAwareStep::record_with(const StepGraphMaker& make_graph) {
  if (!make_graph(head_.parameters().device())) return;
  if (!dropout_bits_.defined()) make_dropout_bits();
  std::vector<at::Tensor> state = {head_.parameters(), first_moment_, second_moment_, step_count_};
  for (const Head::Statistics& running : head_.block_statistics()) {
    state.push_back(running.mean);
    state.push_back(running.var);
  }
  if (task_weights_) {
    for (const at::Tensor& tensor : {task_weights_->log_variances(), task_weights_->first_moment(),
                                     task_weights_->second_moment()}) {
      state.push_back(tensor);
    }
  }
  const auto make_pass = [this] { return std::make_unique<TrainingPass>(head_, precision_); };
  recorder_ = std::make_unique<StepRecorder>(make_graph, make_pass, std::move(state));
}

StepValue SharpnessAwareStep::operator()(const at::Tensor& embeddings,
                                         const std::vector<TaskTargets>& targets, double lr,
                                         std::int64_t step, std::optional<double> cvar_alpha) {
  objective_state_.cvar_alpha = cvar_alpha;
  lr_.fill_(lr);
  const std::array keys = {key_of(step, 0), key_of(step, 1)};
  const StepKind kind{sam_.rho > 0 && step % sam_.every == 0, cvar_alpha};
  const auto run_kind = [this, kind, keys](TrainingPass& pass, const Batch& batch) {
    return run(pass, batch, kind.sharp, keys);
  };
  const Batch batch{head_.normalized(embeddings), targets};
  return recorder_ ? (*recorder_)(kind, batch, pass_, run_kind) : run_kind(pass_, batch);
}

DropoutKey SharpnessAwareStep::key_of(std::int64_t step, std::uint64_t pass) {
  DropoutKey key{seed_, static_cast<std::uint64_t>(step), sam_.same_dropout ? 0 : pass};
  if (!dropout_bits_.defined()) return key;
  const at::Tensor bits = dropout_bits_.select(0, static_cast<std::int64_t>(pass));
  bits.fill_(static_cast<std::int64_t>(key.mixed()));
  return {.bits = bits};
}

StepValue SharpnessAwareStep::run(TrainingPass& pass, const Batch& batch, bool sharp,
                                  const DropoutKeys& keys) {
  const ObjectiveValue at_weights =
      gradient(pass, head_.layers(), batch, keys[0], /*update_statistics=*/true);
  StepValue value = {.loss = at_weights.loss,
                     .gradient_norm = norm_of(pass.gradients()),
                     .perturbed_loss = {},
                     .tail_levels = at_weights.tail_levels};
  if (sharp) {
    perturb(pass.gradients(), value.gradient_norm);
    value.perturbed_loss =
        gradient(pass, perturbed_layers_, batch, keys[1], /*update_statistics=*/false).loss;
  }
  update(pass.gradients());
  return value;
}

ObjectiveValue SharpnessAwareStep::gradient(TrainingPass& pass, const HeadLayers& weights,
                                            const Batch& batch, const DropoutKey& key,
                                            bool update_statistics) {
  const auto logits = pass.forward(weights, batch.embeddings, key, update_statistics);
  ObjectiveValue value = objective_.evaluate(logits, batch.targets, objective_state_);
  pass.backward(value.gradients);
  log_variance_gradient_ = value.log_variance_gradient;
  return value;
}

void SharpnessAwareStep::perturb(const at::Tensor& g, const at::Tensor& norm) {
  const at::Tensor& w = head_.parameters();
  if (sam_.adaptive) {
    const at::Tensor scaled = w.abs().mul_(g);
    const at::Tensor scale = radius_over(sam_.rho, norm_of(scaled));
    at::addcmul_out(perturbed_, w, scaled.mul_(w.abs()), scale);
  } else {
    at::addcmul_out(perturbed_, w, g, radius_over(sam_.rho, norm));
  }
}

void SharpnessAwareStep::update(const at::Tensor& gradient) {
  step_count_.add_(1);
  at::_fused_adamw_({head_.parameters()}, {gradient}, {first_moment_}, {second_moment_},
                    /*max_exp_avg_sqs=*/{}, {step_count_}, lr_, optimizer_.betas[0],
                    optimizer_.betas[1], optimizer_.weight_decay, optimizer_.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
  if (task_weights_) task_weights_->update(log_variance_gradient_, lr_, step_count_, optimizer_);
}

}  // namespace mien
