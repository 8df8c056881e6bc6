#include "draws.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

namespace mien {

Draws::Draws(std::uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

at::Tensor Draws::normal(const at::Tensor& like) {
  at::Tensor values = at::empty(like.sizes(), like.options().device(at::kCPU));
  return values.normal_(0, 1, generator_).to(like.device());
}

at::Tensor Draws::signs(const at::Tensor& like) {
  at::Tensor values = at::empty(like.sizes(), like.options().device(at::kCPU));
  return values.uniform_(0, 1, generator_).ge(.5).to(like.options()).mul_(2).sub_(1);
}

}  // namespace mien
