#include <ATen/ops/zeros.h>

#include "mien/flatness/flatness.h"
#include "mien/head/evaluation_pass.h"

namespace mien {
namespace {

std::vector<at::Tensor> in_double(std::vector<at::Tensor> tensors) {
  for (at::Tensor& tensor : tensors) tensor = tensor.to(at::kDouble);
  return tensors;
}

std::vector<at::Tensor> to_dtype(std::vector<at::Tensor> tensors, at::ScalarType dtype) {
  for (at::Tensor& tensor : tensors) tensor = tensor.to(dtype);
  return tensors;
}

/// Rows with a slope in any task.
at::Tensor rows_with_slope(const std::vector<at::Tensor>& gradients) {
  at::Tensor any = gradients[0].ne(0).any(1);
  for (std::size_t t = 1; t < gradients.size(); ++t)
    any = any.logical_or(gradients[t].ne(0).any(1));
  return any.nonzero().squeeze(1);
}

std::vector<at::Tensor> selected(std::vector<at::Tensor> tensors, const at::Tensor& rows) {
  for (at::Tensor& tensor : tensors) tensor = tensor.index_select(0, rows);
  return tensors;
}

}  // namespace

LossAt::LossAt(const Head& head, const Objective& objective, const FlatnessRows& rows)
    : head_(head.shape(), head.parameters().scalar_type(), head.parameters().device()),
      objective_(objective),
      rows_(rows) {
  head_.statistics().copy_(head.statistics());
}

double LossAt::operator()(const at::Tensor& weights) {
  head_.parameters().copy_(weights);
  return objective_(in_double(head_.forward(rows_.x)), rows_.targets).item<double>();
}

LossDerivatives::~LossDerivatives() = default;

LossDerivatives::LossDerivatives(const Head& head, const Objective& objective,
                                 const FlatnessRows& rows)
    : objective_(objective), rows_(rows), logits_(in_double(head.forward(rows.x))) {
  const std::vector<at::Tensor> slopes = objective.evaluate(logits_, rows.targets).gradients;
  active_ = rows_with_slope(slopes);
  pass_ = std::make_unique<EvaluationPass>(head, rows.x.index_select(0, active_));
  gradient_ = pass_->gradient(to_dtype(selected(slopes, active_), rows.x.scalar_type()));
}

at::Tensor LossDerivatives::hessian_product(const at::Tensor& direction) const {
  return pass_->hessian_product(direction, [this](const std::vector<at::Tensor>& tangents) {
    std::vector<at::Tensor> of_all_rows;
    for (std::size_t t = 0; t < tangents.size(); ++t) {
      of_all_rows.push_back(at::zeros(logits_[t].sizes(), logits_[t].options())
                                .index_copy(0, active_, tangents[t].to(at::kDouble)));
    }
    const auto moved = objective_.curvature(logits_, rows_.targets, of_all_rows);
    return to_dtype(selected(moved, active_), rows_.x.scalar_type());
  });
}

}  // namespace mien
