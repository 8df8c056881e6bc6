#include "mien/training/step.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace mien {
namespace {

constexpr double kNormEpsilon = 1e-12;

at::Tensor norm_of(const at::Tensor& flat) {
  return at::dot(flat, flat).sqrt_();
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
      pass_(head, precision),
      first_moment_(at::zeros_like(head.parameters())),
      second_moment_(at::zeros_like(head.parameters())),
      step_count_(at::zeros({}, head.parameters().options().dtype(at::kFloat))),
      perturbed_(sam.rho > 0 ? at::zeros_like(head.parameters()) : head.parameters()),
      perturbed_layers_(head.shape(), perturbed_) {
  const ObjectiveOptions& options = objective.options();
  if (!options.learns_task_weights()) return;
  task_weights_.emplace(options, head.shape().tasks.size(), head.parameters());
  objective_state_.log_variances = task_weights_->log_variances();
}

StepValue SharpnessAwareStep::operator()(const at::Tensor& embeddings,
                                         const std::vector<TaskTargets>& targets, double lr,
                                         std::int64_t step, std::optional<double> cvar_alpha) {
  objective_state_.cvar_alpha = cvar_alpha;
  DropoutKey key{seed_, static_cast<std::uint64_t>(step), 0};
  const ObjectiveValue at_weights =
      gradient(head_.layers(), embeddings, targets, key, /*update_statistics=*/true);
  StepValue value = {.loss = at_weights.loss,
                     .gradient_norm = norm_of(pass_.gradients()),
                     .perturbed_loss = {},
                     .tail_levels = at_weights.tail_levels};
  if (sam_.rho > 0 && step % sam_.every == 0) {
    perturb(value.gradient_norm);
    key.pass = sam_.same_dropout ? 0 : 1;
    value.perturbed_loss =
        gradient(perturbed_layers_, embeddings, targets, key, /*update_statistics=*/false).loss;
  }
  update(lr);
  return value;
}

ObjectiveValue SharpnessAwareStep::gradient(const HeadLayers& weights, const at::Tensor& embeddings,
                                            const std::vector<TaskTargets>& targets,
                                            const DropoutKey& key, bool update_statistics) {
  const auto logits = pass_.forward(weights, embeddings, key, update_statistics);
  ObjectiveValue value = objective_.evaluate(logits, targets, objective_state_);
  pass_.backward(value.gradients);
  log_variance_gradient_ = value.log_variance_gradient;
  return value;
}

void SharpnessAwareStep::perturb(const at::Tensor& gradient_norm) {
  const at::Tensor& w = head_.parameters();
  const at::Tensor& g = pass_.gradients();
  if (sam_.adaptive) {
    const at::Tensor scaled = w.abs().mul_(g);
    const at::Tensor scale = radius_over(sam_.rho, norm_of(scaled));
    at::addcmul_out(perturbed_, w, scaled.mul_(w.abs()), scale);
  } else {
    at::addcmul_out(perturbed_, w, g, radius_over(sam_.rho, gradient_norm));
  }
}

void SharpnessAwareStep::update(double lr) {
  step_count_.add_(1);
  at::_fused_adamw_({head_.parameters()}, {pass_.gradients()}, {first_moment_}, {second_moment_},
                    /*max_exp_avg_sqs=*/{}, {step_count_}, lr, optimizer_.betas[0],
                    optimizer_.betas[1], optimizer_.weight_decay, optimizer_.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
  if (task_weights_) task_weights_->update(log_variance_gradient_, lr, step_count_, optimizer_);
}

}  // namespace mien
