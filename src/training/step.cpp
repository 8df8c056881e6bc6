#include "mien/training/step.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace mien {
namespace {

constexpr double kNormEpsilon = 1e-12;

}  // namespace

SharpnessAwareStep::SharpnessAwareStep(Head& head, const Objective& objective,
                                       OptimizerOptions optimizer, SamOptions sam,
                                       Precision precision, std::uint64_t seed)
    : head_(head),
      objective_(objective),
      optimizer_(std::move(optimizer)),
      sam_(sam),
      precision_(precision),
      seed_(seed),
      first_moment_(at::zeros_like(head.parameters())),
      second_moment_(at::zeros_like(head.parameters())),
      step_count_(at::zeros({}, head.parameters().options().dtype(at::kFloat))) {
  if (sam_.rho > 0) {
    weights_ = at::zeros_like(head.parameters());
    scaled_gradient_ = at::zeros_like(head.parameters());
  }
}

at::Tensor SharpnessAwareStep::operator()(const at::Tensor& embeddings,
                                          const std::vector<TaskTargets>& targets, double lr,
                                          std::int64_t step) {
  const at::Tensor loss = gradient(embeddings, targets, step, Pass::kAtWeights);
  if (sam_.rho > 0) {
    perturb();
    gradient(embeddings, targets, step, Pass::kAtPerturbed);
    restore();
  }
  update(lr);
  return loss;
}

at::Tensor SharpnessAwareStep::gradient(const at::Tensor& embeddings,
                                        const std::vector<TaskTargets>& targets, std::int64_t step,
                                        Pass pass) {
  head_.gradients().zero_();
  const bool first = pass == Pass::kAtWeights;
  const DropoutKey key{seed_, static_cast<std::uint64_t>(step),
                       first || sam_.same_dropout ? 0u : 1u};
  const auto logits =
      head_.forward_training(embeddings, key, /*update_statistics=*/first, precision_);
  const ObjectiveValue value = objective_.evaluate(logits, targets);
  at::Tensor through_head = logits[0].mul(value.gradients[0]).sum();
  for (std::size_t t = 1; t < logits.size(); ++t) {
    through_head = through_head.add(logits[t].mul(value.gradients[t]).sum());
  }
  through_head.backward();
  return value.loss;
}

void SharpnessAwareStep::perturb() {
  const at::NoGradGuard guard;
  at::Tensor& w = head_.parameters();
  const at::Tensor& g = head_.gradients();
  weights_.copy_(w);
  if (sam_.adaptive) {
    at::mul_out(scaled_gradient_, w.abs(), g);
    const at::Tensor norm = at::dot(scaled_gradient_, scaled_gradient_).sqrt().add(kNormEpsilon);
    scaled_gradient_.mul_(w.abs()).mul_(norm.reciprocal().mul_(sam_.rho));
  } else {
    const at::Tensor norm = at::dot(g, g).sqrt().add(kNormEpsilon);
    at::mul_out(scaled_gradient_, g, norm.reciprocal().mul_(sam_.rho));
  }
  w.add_(scaled_gradient_);
}

void SharpnessAwareStep::restore() {
  const at::NoGradGuard guard;
  head_.parameters().copy_(weights_);
}

void SharpnessAwareStep::update(double lr) {
  const at::NoGradGuard guard;
  step_count_.add_(1);
  at::_fused_adamw_({head_.parameters()}, {head_.gradients()}, {first_moment_}, {second_moment_},
                    /*max_exp_avg_sqs=*/{}, {step_count_}, lr, optimizer_.betas[0],
                    optimizer_.betas[1], optimizer_.weight_decay, optimizer_.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace mien
