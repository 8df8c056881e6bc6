#include <ATen/TensorOperators.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <cmath>
#include <map>

#include "clip_vit.h"
#include "graph_rewrite.h"
#include "onednn_operators.h"

namespace mien {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;
namespace aten = c10::aten;

constexpr std::int64_t kRowsHint = 512;

bool is_number(const Value* value, double wanted) {
  const auto constant = torch::jit::toIValue(value);
  if (!constant) return false;
  double found = 0;
  if (constant->isDouble()) {
    found = constant->toDouble();
  } else if (constant->isInt()) {
    found = static_cast<double>(constant->toInt());
  } else if (constant->isTensor() && constant->toTensor().numel() == 1) {
    found = constant->toTensor().item<double>();
  } else {
    return false;
  }
  return std::abs(found - wanted) < 1e-6 * std::abs(wanted);
}

/// A linear layer whose weights are constants.
bool is_constant_linear(const Node* node) {
  return node->kind() == aten::linear && constant_tensor(node->input(1)).defined() &&
         (node->input(2)->mustBeNone() || constant_tensor(node->input(2)).defined());
}

Node* only_user(const Value* value) {
  return value->uses().size() == 1 ? value->uses().front().user : nullptr;
}

/// The last multiplication of y * sigmoid(1.702 y), as a traced graph spells QuickGELU, where that
/// is all that reads `linear`'s output y; else null.
Node* quick_gelu_after(const Node* linear) {
  const Value* y = linear->output();
  if (y->uses().size() != 2) return nullptr;
  for (const auto& use : y->uses()) {
    Node* scale = use.user;
    if (scale->kind() != aten::mul || !is_number(scale->input(1 - use.offset), kQuickGeluSlope)) {
      continue;
    }
    const Node* sigmoid = only_user(scale->output());
    if (sigmoid == nullptr || sigmoid->kind() != aten::sigmoid) continue;
    Node* product = only_user(sigmoid->output());
    if (product == nullptr || product->kind() != aten::mul) continue;
    if (product->input(0) == y || product->input(1) == y) return product;
  }
  return nullptr;
}

/// x + linear(...), where the sum is all that reads the layer: the residual x, else null.
Value* residual_after(const Node* linear) {
  const Node* sum = only_user(linear->output());
  if (sum == nullptr || sum->kind() != aten::add || sum->inputs().size() != 3) return nullptr;
  if (!is_number(sum->input(2), 1)) return nullptr;
  Value* other = const_cast<Node*>(sum)->input(sum->input(0) == linear->output() ? 1 : 0);
  const bool is_tensor = other->type()->isSubtypeOf(*c10::TensorType::get());
  const bool constant = other->node()->kind() == torch::jit::prim::Constant;
  return is_tensor && !constant ? other : nullptr;
}

/// Rewrites one graph.
class Prepacker {
 public:
  explicit Prepacker(Graph& graph) : graph_(graph) {}

  void replace(Node* linear) {
    at::Tensor weight = constant_tensor(linear->input(1));
    at::Tensor bias = constant_tensor(linear->input(2));
    if (const auto scale = input_scales_.find(linear); scale != input_scales_.end()) {
      weight = weight * scale->second;
    }
    if (Node* gelu = quick_gelu_after(linear)) {
      weight = weight * kQuickGeluSlope;
      if (bias.defined()) bias = bias * kQuickGeluSlope;
      const torch::jit::WithInsertPoint before(gelu);
      Value* swish = pointwise(linear->input(0), weight, bias, "swish");
      gelu->output()->replaceAllUsesWith(unscaled(swish, gelu));
    } else if (Value* residual = residual_after(linear)) {
      Node* sum = only_user(linear->output());
      const torch::jit::WithInsertPoint before(sum);
      sum->output()->replaceAllUsesWith(add(linear->input(0), residual, weight, bias));
    } else {
      const torch::jit::WithInsertPoint before(linear);
      linear->output()->replaceAllUsesWith(pointwise(linear->input(0), weight, bias, "none"));
    }
  }

 private:
  Value* packed(const at::Tensor& weight) {
    Node* node = graph_.create(torch::jit::prim::ConstantMKLDNNTensor);
    node->t_(torch::jit::attr::value, reorder_for_onednn(weight, kRowsHint));
    return graph_.insertNode(node)->output();
  }

  Value* optional(const at::Tensor& bias) {
    return graph_.insertConstant(bias.defined() ? c10::IValue(bias) : c10::IValue());
  }

  Value* call(std::vector<Value*> inputs) {
    return graph_.insertNode(graph_.create(c10::Symbol::fromQualString(kLinearPointwise), inputs))
        ->output();
  }

  Value* pointwise(Value* input, const at::Tensor& weight, const at::Tensor& bias,
                   const char* activation) {
    Node* list = graph_.createList(c10::OptionalType::create(c10::NumberType::get()), {});
    Value* scalars = graph_.insertNode(list)->output();
    return call({input, packed(weight), optional(bias), graph_.insertConstant(activation), scalars,
                 graph_.insertConstant("")});
  }

  Value* add(Value* input, Value* residual, const at::Tensor& weight, const at::Tensor& bias) {
    return call({input, residual, packed(weight), optional(bias), graph_.insertConstant("add")});
  }

  /// swish(1.702 y) is 1.702 times too large: the weights of the layer that alone reads it make up
  /// for that, or else a division does.
  Value* unscaled(Value* swish, const Node* gelu) {
    const Node* next = only_user(gelu->output());
    if (next != nullptr && is_constant_linear(next)) {
      input_scales_[next] = 1 / kQuickGeluSlope;
      return swish;
    }
    Node* node = graph_.create(aten::div, {swish, graph_.insertConstant(kQuickGeluSlope)});
    return graph_.insertNode(node)->output();
  }

  Graph& graph_;
  std::map<const Node*, double> input_scales_;
};

}  // namespace

int prepack_linears(std::shared_ptr<Graph>& graph) {
  std::vector<Node*> linears;
  for (Node* node : graph->nodes()) {
    if (is_constant_linear(node)) linears.push_back(node);
  }
  Prepacker prepacker(*graph);
  for (Node* linear : linears) prepacker.replace(linear);
  torch::jit::EliminateDeadCode(graph);
  return static_cast<int>(linears.size());
}

}  // namespace mien
