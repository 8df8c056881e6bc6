#include "graph_rewrite.h"

#include <torch/csrc/jit/ir/constants.h>

namespace mien {
namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;
namespace prim = torch::jit::prim;
namespace attr = torch::jit::attr;

/// What may become another precision: double is meant where it is used.
bool is_convertible(at::ScalarType dtype) {
  return dtype == at::kFloat || is_reduced_precision(dtype);
}

/// A constant argument as it should be, or none when it may stay.
c10::IValue retargeted(const std::string& argument, const c10::IValue& value,
                       const at::Device& device, std::optional<at::ScalarType> dtype) {
  if (argument == "device" && value.isDevice() && value.toDevice() != device) return device;
  if (dtype && argument == "dtype" && value.isInt() &&
      is_convertible(static_cast<at::ScalarType>(value.toInt())) &&
      value.toInt() != static_cast<std::int64_t>(*dtype)) {
    return static_cast<std::int64_t>(*dtype);
  }
  return {};
}

void retarget_arguments(torch::jit::Graph& graph, Node* node, const at::Device& device,
                        std::optional<at::ScalarType> dtype) {
  const c10::FunctionSchema* schema = node->maybeSchema();
  if (schema == nullptr) return;
  const std::size_t count = std::min(node->inputs().size(), schema->arguments().size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = torch::jit::toIValue(node->input(i));
    if (!value) continue;
    const c10::IValue wanted = retargeted(schema->arguments()[i].name(), *value, device, dtype);
    if (wanted.isNone()) continue;
    const torch::jit::WithInsertPoint before(node);
    node->replaceInput(i, graph.insertConstant(wanted));
  }
}

/// A tensor constant on the device; floating ones in the dtype.
void retarget_tensor(Node* constant, const at::Device& device,
                     std::optional<at::ScalarType> dtype) {
  if (!constant->hasAttribute(attr::value) ||
      constant->kindOf(attr::value) != torch::jit::AttributeKind::t) {
    return;
  }
  const at::Tensor tensor = constant->t(attr::value);
  constant->t_(attr::value, dtype && is_convertible(tensor.scalar_type())
                                ? tensor.to(device, *dtype)
                                : tensor.to(device));
}

void retarget_block(torch::jit::Graph& graph, Block* block, const at::Device& device,
                    std::optional<at::ScalarType> dtype) {
  for (Node* node : block->nodes()) {
    if (node->kind() == prim::Constant) {
      retarget_tensor(node, device, dtype);
    } else {
      retarget_arguments(graph, node, device, dtype);
    }
    for (Block* inner : node->blocks()) retarget_block(graph, inner, device, dtype);
  }
}

int count_in(Block* block, const c10::Symbol& kind) {
  int count = 0;
  for (Node* node : block->nodes()) {
    count += node->kind() == kind;
    for (Block* inner : node->blocks()) count += count_in(inner, kind);
  }
  return count;
}

}  // namespace

bool is_reduced_precision(at::ScalarType dtype) {
  return dtype == at::kHalf || dtype == at::kBFloat16;
}

void retarget_constants(torch::jit::Graph& graph, const at::Device& device,
                        std::optional<at::ScalarType> dtype) {
  retarget_block(graph, graph.block(), device, dtype);
}

int count_nodes(torch::jit::Graph& graph, const char* kind) {
  return count_in(graph.block(), c10::Symbol::fromQualString(kind));
}

at::Tensor constant_tensor(const Value* value) {
  const auto constant = torch::jit::toIValue(value);
  return constant && constant->isTensor() ? constant->toTensor() : at::Tensor();
}

}  // namespace mien
