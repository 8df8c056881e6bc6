#include "mien/training/task_weights.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace mien {

LearnedTaskWeights::LearnedTaskWeights(const ObjectiveOptions& options, std::size_t tasks,
                                       const at::Tensor& like) {
  std::vector<double> start;
  for (std::size_t t = 0; t < tasks; ++t) start.push_back(-std::log(options.task_weight(t)));
  log_variances_ = at::tensor(start, at::kDouble).to(like.options());
  first_moment_ = at::zeros_like(log_variances_);
  second_moment_ = at::zeros_like(log_variances_);
}

void LearnedTaskWeights::update(const at::Tensor& gradient, const at::Tensor& lr,
                                const at::Tensor& step_count, const OptimizerOptions& optimizer) {
  at::_fused_adamw_({log_variances_}, {gradient}, {first_moment_}, {second_moment_},
                    /*max_exp_avg_sqs=*/{}, {step_count}, lr, optimizer.betas[0],
                    optimizer.betas[1], /*weight_decay=*/0, optimizer.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
}

std::vector<double> LearnedTaskWeights::weights() const {
  const at::Tensor host = log_variances_.to(at::kCPU, at::kDouble).neg().exp().contiguous();
  const auto* values = host.const_data_ptr<double>();
  return {values, values + host.numel()};
}

}  // namespace mien
