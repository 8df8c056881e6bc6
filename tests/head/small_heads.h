// Small heads and the tensors that tests feed them.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <random>
#include <vector>

#include "mien/data/challenge.h"
#include "mien/head/head.h"
#include "mien/head/training_pass.h"
#include "one_thread.h"

namespace mien::testing {

inline HeadShape small_shape(std::int64_t input, std::int64_t layers, std::int64_t width,
                             double dropout, std::vector<Task> tasks = {expr_task()}) {
  return {input, layers, width, dropout, std::move(tasks)};
}

/// Standard normal numbers of a seed, whatever LibTorch's generator does.
inline at::Tensor random_tensor(at::IntArrayRef shape, std::uint32_t seed,
                                at::ScalarType dtype = at::kDouble) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(static_cast<std::size_t>(c10::multiply_integers(shape)));
  for (double& value : values) value = normal(random);
  return at::from_blob(values.data(), shape, at::kDouble).to(dtype).clone();
}

inline std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  const auto* data = host.const_data_ptr<double>();
  return {data, data + host.numel()};
}

inline Head initialised(const HeadShape& shape, std::uint64_t seed,
                        at::ScalarType dtype = at::kDouble) {
  Head head(shape, dtype, at::kCPU);
  head.initialise(seed);
  return head;
}

/// Logits in training mode, at the head's own weights.
inline std::vector<at::Tensor> training_logits(Head& head, const at::Tensor& x,
                                               const DropoutKey& key = {},
                                               bool update_statistics = false,
                                               Precision precision = Precision::kFull) {
  return TrainingPass(head, precision).forward(head.layers(), x, key, update_statistics);
}

inline at::Tensor tensor_named(const Head& head, const std::string& name) {
  for (const auto& entry : head.named_tensors()) {
    if (entry.name == name) return entry.tensor.detach();
  }
  throw std::out_of_range(name);
}

}  // namespace mien::testing
