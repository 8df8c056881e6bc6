#include "mien/head/head.h"

#include <ATen/Context.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr double kNormMomentum = .1;
constexpr double kNormEpsilon = 1e-5;

/// SplitMix64's finaliser: spreads a key over all bits.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

at::Generator seeded_generator(const at::Device& device, std::uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(seed);
  return generator;
}

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   Precision precision) {
  if (precision == Precision::kFull) return at::linear(x, weight, bias);
  return at::linear(x.to(at::kBFloat16), weight.to(at::kBFloat16), bias.to(at::kBFloat16))
      .to(x.scalar_type());
}

/// x with each element dropped with probability p, the others scaled by 1 / (1 - p).
at::Tensor dropped(const at::Tensor& x, double p, const at::Generator& generator) {
  if (p <= 0) return x;
  at::Tensor mask;
  {
    const at::NoGradGuard guard;
    mask = at::empty_like(x).bernoulli_(1 - p, generator).div_(1 - p);
  }
  return at::mul(x, mask);
}

/// Hands out consecutive views of a flat buffer.
class Carver {
 public:
  explicit Carver(const at::Tensor& flat) : flat_(flat) {}
  at::Tensor take(at::IntArrayRef shape) {
    const std::int64_t size = c10::multiply_integers(shape);
    const at::Tensor view = flat_.narrow(0, at_, size).view(shape).detach();
    at_ += size;
    return view;
  }

 private:
  const at::Tensor& flat_;
  std::int64_t at_ = 0;
};

}  // namespace

Head::Head(HeadShape shape, at::ScalarType dtype, at::Device device) : shape_(std::move(shape)) {
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  parameters_ = at::zeros({shape_.parameter_count()}, options);
  gradients_ = at::zeros_like(parameters_);
  statistics_ = at::zeros({2 * shape_.layers * shape_.width}, options);
  make_views();
}

void Head::make_views() {
  Carver parameters(parameters_), gradients(gradients_), statistics(statistics_);
  // A leaf of the autograd graph whose gradient is accumulated into the flat buffer.
  const auto parameter = [&](at::IntArrayRef shape) {
    at::Tensor leaf = parameters.take(shape);
    leaf.set_requires_grad(true);
    leaf.mutable_grad() = gradients.take(shape);
    return leaf;
  };
  std::int64_t input = shape_.input_dim;
  for (std::int64_t i = 0; i < shape_.layers; ++i) {
    Block block;
    block.weight = parameter({shape_.width, input});
    block.bias = parameter({shape_.width});
    block.norm_weight = parameter({shape_.width});
    block.norm_bias = parameter({shape_.width});
    block.running_mean = statistics.take({shape_.width});
    block.running_var = statistics.take({shape_.width});
    trunk_.push_back(block);
    input = shape_.width;
  }
  for (const Task task : shape_.tasks) {
    const auto outputs = static_cast<std::int64_t>(score_columns(task));
    heads_.push_back({parameter({outputs, input}), parameter({outputs})});
  }
}

void Head::initialise(std::uint64_t seed) {
  const at::NoGradGuard guard;
  // Drawn on the CPU, so that one seed gives one start whatever the device.
  const at::Generator generator = seeded_generator(at::kCPU, mixed(seed));
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
  for (Block& block : trunk_) {
    fill_linear(block.weight, block.bias);
    block.norm_weight.fill_(1);
    block.norm_bias.zero_();
    block.running_mean.zero_();
    block.running_var.fill_(1);
  }
  for (Output& head : heads_) fill_linear(head.weight, head.bias);
}

std::vector<at::Tensor> Head::forward_training(const at::Tensor& x, const DropoutKey& key,
                                               bool update_statistics, Precision precision) {
  const at::Generator generator = seeded_generator(
      x.device(), mixed(mixed(mixed(key.seed) ^ key.step) ^ (key.pass + 0x5bf03635)));
  at::Tensor hidden = x;
  for (Block& block : trunk_) {
    // BatchNorm takes the bias away again: its gradient is zero, and what rounding would leave of
    // it AdamW would blow up to steps of the learning rate's size.
    hidden = product(hidden, block.weight, block.bias.detach(), precision);
    hidden = at::batch_norm(hidden, block.norm_weight, block.norm_bias,
                            update_statistics ? block.running_mean : at::Tensor(),
                            update_statistics ? block.running_var : at::Tensor(),
                            /*training=*/true, kNormMomentum, kNormEpsilon, /*cudnn=*/true);
    hidden = dropped(at::relu(hidden), shape_.dropout, generator);
  }
  std::vector<at::Tensor> logits;
  for (Output& head : heads_) {
    logits.push_back(product(hidden, head.weight, head.bias, precision));
  }
  return logits;
}

std::vector<at::Tensor> Head::forward(const at::Tensor& x) const {
  const at::NoGradGuard guard;
  at::Tensor hidden = x;
  for (const Block& block : trunk_) {
    hidden = at::linear(hidden, block.weight, block.bias);
    hidden = at::batch_norm(hidden, block.norm_weight, block.norm_bias, block.running_mean,
                            block.running_var, /*training=*/false, kNormMomentum, kNormEpsilon,
                            /*cudnn=*/true)
                 .relu_();
  }
  std::vector<at::Tensor> logits;
  for (const Output& head : heads_) {
    logits.push_back(at::linear(hidden, head.weight, head.bias));
  }
  return logits;
}

std::vector<Head::Named> Head::named_tensors() const {
  std::vector<Named> all;
  for (std::size_t i = 0; i < trunk_.size(); ++i) {
    const std::string prefix = concat("trunk.", i, ".");
    all.push_back({prefix + "linear.weight", trunk_[i].weight});
    all.push_back({prefix + "linear.bias", trunk_[i].bias});
    all.push_back({prefix + "norm.weight", trunk_[i].norm_weight});
    all.push_back({prefix + "norm.bias", trunk_[i].norm_bias});
    all.push_back({prefix + "norm.running_mean", trunk_[i].running_mean});
    all.push_back({prefix + "norm.running_var", trunk_[i].running_var});
  }
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const std::string prefix = "heads." + task_name(shape_.tasks[i]) + ".";
    all.push_back({prefix + "weight", heads_[i].weight});
    all.push_back({prefix + "bias", heads_[i].bias});
  }
  return all;
}

TensorMap Head::tensors(std::vector<at::Tensor>& keep) const {
  TensorMap map;
  for (const auto& [name, tensor] : named_tensors()) {
    const at::Tensor stored = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    map[name] = {DType::kF32,
                 stored.sizes().vec(),
                 {static_cast<const std::byte*>(stored.const_data_ptr()), stored.nbytes()}};
    keep.push_back(stored);
  }
  return map;
}

void Head::load(const SafetensorsFile& file) {
  const at::NoGradGuard guard;
  const std::vector<Named> expected = named_tensors();
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
    tensor.detach().copy_(values);
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
