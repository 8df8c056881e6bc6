// Changes to the graph of a frozen TorchScript module.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/ir/ir.h>

#include <optional>

namespace mien {

/// fp16 or bf16.
bool is_reduced_precision(at::ScalarType dtype);

/// Devices that tracing has baked into the operators become `device`; with a `dtype`, half and
/// single precision there and of weights that are constants of the graph become that (double
/// precision stays).
void retarget_constants(torch::jit::Graph& graph, const at::Device& device,
                        std::optional<at::ScalarType> dtype);

/// Constant linear layers become prepacked ones of oneDNN, with QuickGELU and the addition of a
/// residual inside. Only for CPU. Gives how many layers were replaced.
int prepack_linears(std::shared_ptr<torch::jit::Graph>& graph);

/// Operators of the kind ("aten::linear") in the graph and its blocks.
int count_nodes(torch::jit::Graph& graph, const char* kind);

/// The tensor that `value` holds as a constant of the graph; undefined when it is computed.
at::Tensor constant_tensor(const torch::jit::Value* value);

}  // namespace mien
