#include "mien/head/head.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/frobenius_norm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "dropout_mask.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "norm_relu_dropout.h"
#include "products.h"

namespace mien {
namespace {

/// Hands out consecutive views of a flat buffer.
class Carver {
 public:
  explicit Carver(const at::Tensor& flat) : flat_(flat) {}
  at::Tensor take(at::IntArrayRef shape) {
    const std::int64_t size = c10::multiply_integers(shape);
    const at::Tensor view = flat_.narrow(0, at_, size).view(shape);
    at_ += size;
    return view;
  }

 private:
  const at::Tensor& flat_;
  std::int64_t at_ = 0;
};

}  // namespace

HeadLayers::HeadLayers(const HeadShape& shape, const at::Tensor& flat) {
  Carver carver(flat);
  std::int64_t input = shape.input_dim;
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    trunk.push_back({carver.take({shape.width, input}), carver.take({shape.width}),
                     carver.take({shape.width}), carver.take({shape.width})});
    input = shape.width;
  }
  for (const Task& task : shape.tasks) {
    const auto outputs = static_cast<std::int64_t>(score_columns(task));
    heads.push_back({carver.take({outputs, input}), carver.take({outputs})});
  }
}

namespace {

std::int64_t statistics_count(const HeadShape& shape) {
  const bool of_inputs = shape.normalize == Normalize::kStandardize;
  return 2 * shape.layers * shape.width + (of_inputs ? 2 * shape.input_dim : 0);
}

/// Each row of `x` [B, D] over its Euclidean norm; a row of zeros stays.
at::Tensor unit_rows(const at::Tensor& x) {
  const at::Tensor norms = at::frobenius_norm(x, {1}, /*keepdim=*/true);
  return x.div(norms.masked_fill(norms.eq(0), 1));
}

}  // namespace

Head::Head(HeadShape shape, at::ScalarType dtype, at::Device device)
    : shape_(std::move(shape)),
      parameters_(
          at::zeros({shape_.parameter_count()}, at::TensorOptions().dtype(dtype).device(device))),
      statistics_(at::zeros({statistics_count(shape_)}, parameters_.options())),
      layers_(shape_, parameters_) {
  Carver statistics(statistics_);
  for (std::int64_t i = 0; i < shape_.layers; ++i) {
    const at::Tensor mean = statistics.take({shape_.width});
    blocks_.push_back({mean, statistics.take({shape_.width})});
  }
  if (shape_.normalize == Normalize::kStandardize) {
    input_.mean = statistics.take({shape_.input_dim});
    input_.std = statistics.take({shape_.input_dim}).fill_(1);
  }
}

void Head::initialise(std::uint64_t seed) {
  // Drawn on the CPU, so that one seed gives one start whatever the device.
  const at::Generator generator = at::detail::createCPUGenerator(mixed_bits(seed));
  const auto fill = [&](const at::Tensor& target, double bound) {
    at::Tensor values = at::zeros(target.sizes(), at::TensorOptions().dtype(at::kDouble));
    values.uniform_(-bound, bound, generator);
    target.copy_(values);
  };
  const auto fill_linear = [&](const at::Tensor& weight, const at::Tensor& bias) {
    const auto fan_in = static_cast<double>(weight.size(1));
    fill(weight, std::sqrt(6 / fan_in));
    fill(bias, 1 / std::sqrt(fan_in));
  };
  for (const HeadLayers::Block& block : layers_.trunk) {
    fill_linear(block.weight, block.bias);
    block.norm_weight.fill_(1);
    block.norm_bias.zero_();
  }
  for (const Statistics& block : blocks_) {
    block.mean.zero_();
    block.var.fill_(1);
  }
  for (const HeadLayers::Output& head : layers_.heads) fill_linear(head.weight, head.bias);
}

at::Tensor Head::normalized(const at::Tensor& x) const {
  if (shape_.normalize == Normalize::kNone) return x;
  if (shape_.normalize == Normalize::kStandardize) return x.sub(input_.mean).div_(input_.std);
  if (shape_.parts.size() < 2) return unit_rows(x);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : x.split_with_sizes(shape_.parts, 1)) {
    parts.push_back(unit_rows(part));
  }
  return at::cat(parts, 1);
}

std::vector<at::Tensor> Head::forward(const at::Tensor& x) const {
  at::Tensor hidden = normalized(x);
  for (std::size_t i = 0; i < layers_.trunk.size(); ++i) {
    const HeadLayers::Block& block = layers_.trunk[i];
    hidden = linear(hidden, block.weight, block.bias);
    hidden = at::batch_norm(hidden, block.norm_weight, block.norm_bias, blocks_[i].mean,
                            blocks_[i].var, /*training=*/false, kNormMomentum, kNormEpsilon,
                            /*cudnn=*/true)
                 .relu_();
  }
  std::vector<at::Tensor> logits;
  for (const HeadLayers::Output& head : layers_.heads) {
    logits.push_back(linear(hidden, head.weight, head.bias));
  }
  return logits;
}

std::vector<Head::Named> Head::named_tensors() const {
  std::vector<Named> all;
  for (std::size_t i = 0; i < layers_.trunk.size(); ++i) {
    const std::string prefix = concat("trunk.", i, ".");
    const HeadLayers::Block& block = layers_.trunk[i];
    all.push_back({prefix + "linear.weight", block.weight});
    all.push_back({prefix + "linear.bias", block.bias});
    all.push_back({prefix + "norm.weight", block.norm_weight});
    all.push_back({prefix + "norm.bias", block.norm_bias});
    all.push_back({prefix + "norm.running_mean", blocks_[i].mean});
    all.push_back({prefix + "norm.running_var", blocks_[i].var});
  }
  if (input_.mean.defined()) {
    all.push_back({"input.mean", input_.mean});
    all.push_back({"input.std", input_.std});
  }
  for (std::size_t i = 0; i < layers_.heads.size(); ++i) {
    const std::string prefix = "heads." + task_name(shape_.tasks[i]) + ".";
    all.push_back({prefix + "weight", layers_.heads[i].weight});
    all.push_back({prefix + "bias", layers_.heads[i].bias});
  }
  return all;
}

TensorMap Head::tensors(std::vector<at::Tensor>& keep) const {
  TensorMap map;
  for (const auto& [name, tensor] : named_tensors()) {
    const at::Tensor stored = tensor.to(at::kCPU, at::kFloat).contiguous();
    map[name] = {DType::kF32,
                 stored.sizes().vec(),
                 {static_cast<const std::byte*>(stored.const_data_ptr()), stored.nbytes()}};
    keep.push_back(stored);
  }
  return map;
}

void Head::load(const SafetensorsFile& file, WithoutInputs without_inputs) {
  std::vector<Named> expected = named_tensors();
  if (without_inputs == WithoutInputs::kKeepOwn && !file.tensors().contains("input.mean") &&
      !file.tensors().contains("input.std")) {
    std::erase_if(expected, [](const Named& entry) { return entry.name.starts_with("input."); });
  }
  const bool in_double = parameters_.scalar_type() == at::kDouble;
  for (const auto& [name, tensor] : expected) {
    const auto found = file.tensors().find(name);
    const bool wide =
        in_double && found != file.tensors().end() && found->second.dtype == DType::kF64;
    const TensorView& view =
        file.tensor(name, wide ? DType::kF64 : DType::kF32, static_cast<std::size_t>(tensor.dim()));
    if (view.shape != tensor.sizes().vec()) {
      throw InputError("weights", file.path().string(),
                       concat("tensor ", name, " has the shape ", at::IntArrayRef(view.shape),
                              ", expected ", tensor.sizes()));
    }
    const at::Tensor values =
        at::zeros(view.shape, at::TensorOptions().dtype(wide ? at::kDouble : at::kFloat));
    std::memcpy(values.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
    tensor.copy_(values);
  }
  if (file.tensors().size() != expected.size()) {
    for (const auto& [name, view] : file.tensors()) {
      const bool known =
          std::any_of(expected.begin(), expected.end(),
                      [&name = name](const Named& entry) { return entry.name == name; });
      if (!known) {
        throw InputError("weights", file.path().string(),
                         "tensor " + name + " belongs to no part of this head");
      }
    }
  }
}

}  // namespace mien
