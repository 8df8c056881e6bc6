// Random vectors of a seed: drawn one after the other on the CPU, the same for every device and any
// number of threads.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace mien {

class Draws {
 public:
  explicit Draws(std::uint64_t seed);

  at::Tensor normal(const at::Tensor& like);  ///< standard normal numbers
  at::Tensor signs(const at::Tensor& like);   ///< +1 or -1, each with probability 1/2

 private:
  at::Generator generator_;
};

}  // namespace mien
