#include "packed_linear.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>

#include "onednn_operators.h"

namespace mien {
namespace {

using c10::IValue;

/// One operator of oneDNN's, by name: LibTorch has no header for them.
at::Tensor call(const char* name, const char* overload, torch::jit::Stack arguments) {
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
  op.callBoxed(arguments);
  return arguments.front().toTensor();
}

IValue optional(const at::Tensor& tensor) {
  return tensor.defined() ? IValue(tensor) : IValue();
}

at::Tensor pointwise(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                     const char* activation) {
  const c10::List<std::optional<at::Scalar>> no_scalars;
  return call(kLinearPointwise, "",
              {input, weight, optional(bias), activation, no_scalars, std::string()});
}

}  // namespace

at::Tensor reorder_for_onednn(const at::Tensor& weight, std::int64_t rows) {
  return call(kReorderLinearWeight, "", {weight.contiguous(), IValue(rows)});
}

bool has_onednn_linear(at::ScalarType dtype) {
  auto& dispatcher = c10::Dispatcher::singleton();
  if (!dispatcher.findSchema({kReorderLinearWeight, ""}) ||
      !dispatcher.findSchema({kLinearPointwise, ""}) ||
      !dispatcher.findSchema({kLinearPointwise, "binary"})) {
    return false;
  }
  try {  // refuses a dtype that the processor has no instructions for
    const auto zeros = at::zeros({16, 16}, at::TensorOptions().dtype(dtype));
    pointwise(zeros, reorder_for_onednn(zeros, 16), {}, "none");
    return true;
  } catch (const c10::Error&) {
    return false;
  }
}

PackedLinear::PackedLinear(const at::Tensor& weight, const at::Tensor& bias, LinearKernel kernel,
                           at::ScalarType dtype, const at::Device& device, std::int64_t rows)
    : kernel_(kernel) {
  if (kernel == LinearKernel::kTiled) {
    const at::Tensor rows_first = weight.contiguous(),
                     offsets = bias.defined() ? bias.contiguous() : bias;
    product_ = std::make_shared<TiledProduct>(rows_first.data_ptr<float>(),
                                              bias.defined() ? offsets.data_ptr<float>() : nullptr,
                                              weight.size(0), weight.size(1));
    return;
  }
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  weight_ = kernel == LinearKernel::kOneDnn ? reorder_for_onednn(weight.to(options), rows)
                                            : weight.to(options).t().contiguous();
  if (bias.defined()) bias_ = bias.to(options).contiguous();
}

at::Tensor PackedLinear::tiled(const at::Tensor& input, Epilogue epilogue,
                               const at::Tensor& residual) const {
  const at::Tensor rows = input.contiguous();
  const at::Tensor other = residual.defined() ? residual.contiguous() : residual;
  at::Tensor output = at::empty({rows.size(0), product_->out()}, rows.options());
  product_->apply(rows.data_ptr<float>(), rows.size(0), epilogue,
                  other.defined() ? other.data_ptr<float>() : nullptr, output.data_ptr<float>());
  return output;
}

at::Tensor PackedLinear::apply(const at::Tensor& input) const {
  if (kernel_ == LinearKernel::kTiled) return tiled(input, Epilogue::kNone, {});
  if (kernel_ == LinearKernel::kOneDnn) return pointwise(input, weight_, bias_, "none");
  return bias_.defined() ? at::addmm(bias_, input, weight_) : at::mm(input, weight_);
}

at::Tensor PackedLinear::apply_swish(const at::Tensor& input) const {
  if (kernel_ == LinearKernel::kTiled) return tiled(input, Epilogue::kSwish, {});
  if (kernel_ == LinearKernel::kOneDnn) return pointwise(input, weight_, bias_, "swish");
  at::Tensor output = apply(input);
  return at::silu_(output);
}

at::Tensor PackedLinear::apply_add(const at::Tensor& input, const at::Tensor& residual) const {
  if (kernel_ == LinearKernel::kTiled) return tiled(input, Epilogue::kAdd, residual);
  if (kernel_ == LinearKernel::kOneDnn) {
    return call(kLinearPointwise, "binary", {input, residual, weight_, optional(bias_), "add"});
  }
  return apply(input).add_(residual);
}

}  // namespace mien
