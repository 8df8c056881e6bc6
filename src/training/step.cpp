#include "mien/training/step.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace mien {
namespace {

constexpr double kNormEpsilon = 1e-12;

/// rho / (|g| + 1e-12), on the device.
at::Tensor radius_over_norm(double rho, const at::Tensor& g) {
  return at::dot(g, g).sqrt_().add_(kNormEpsilon).reciprocal_().mul_(rho);
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

at::Tensor SharpnessAwareStep::operator()(const at::Tensor& embeddings,
                                          const std::vector<TaskTargets>& targets, double lr,
                                          std::int64_t step, std::optional<double> cvar_alpha) {
  objective_state_.cvar_alpha = cvar_alpha;
  DropoutKey key{seed_, static_cast<std::uint64_t>(step), 0};
  const at::Tensor loss =
      gradient(head_.layers(), embeddings, targets, key, /*update_statistics=*/true);
  if (sam_.rho > 0) {
    perturb();
    key.pass = sam_.same_dropout ? 0 : 1;
    gradient(perturbed_layers_, embeddings, targets, key, /*update_statistics=*/false);
  }
  update(lr);
  return loss;
}

at::Tensor SharpnessAwareStep::gradient(const HeadLayers& weights, const at::Tensor& embeddings,
                                        const std::vector<TaskTargets>& targets,
                                        const DropoutKey& key, bool update_statistics) {
  const auto logits = pass_.forward(weights, embeddings, key, update_statistics);
  const ObjectiveValue value = objective_.evaluate(logits, targets, objective_state_);
  pass_.backward(value.gradients);
  log_variance_gradient_ = value.log_variance_gradient;
  return value.loss;
}

void SharpnessAwareStep::perturb() {
  const at::Tensor& w = head_.parameters();
  const at::Tensor& g = pass_.gradients();
  if (sam_.adaptive) {
    const at::Tensor scaled = w.abs().mul_(g);
    const at::Tensor scale = radius_over_norm(sam_.rho, scaled);
    at::addcmul_out(perturbed_, w, scaled.mul_(w.abs()), scale);
  } else {
    at::addcmul_out(perturbed_, w, g, radius_over_norm(sam_.rho, g));
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
