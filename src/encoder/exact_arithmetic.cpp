#include "exact_arithmetic.h"

#include <ATen/Context.h>
#include <torch/csrc/jit/codegen/fuser/interface.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

namespace mien {

void compute_exactly() {
  torch::jit::getExecutorMode() = false;
  torch::jit::overrideCanFuseOnGPU(false);
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

}  // namespace mien
