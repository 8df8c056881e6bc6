#include "clip_vit_graph.h"

#include <deque>
#include <stdexcept>

#include "graph_rewrite.h"

namespace mien {
namespace {

using torch::jit::Node;
using torch::jit::Value;
namespace aten = c10::aten;

/// The constants of a graph by the operator that uses them, in order.
struct Found {
  std::vector<LinearWeights> convolutions;
  std::vector<at::Tensor> class_tokens, positions;
  std::deque<LinearWeights> linears;
  std::deque<NormWeights> norms;
};

at::Tensor fp32(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.to(at::kFloat) : tensor;
}

/// A constant [..., width] that is made as long as the batch, or joined to the patches.
void look_for_class_token(const Node* node, Found& found) {
  for (const Value* input : node->inputs()) {
    const at::Tensor constant = constant_tensor(input);
    if (constant.defined() && constant.numel() == constant.size(-1) && constant.numel() > 1) {
      found.class_tokens.push_back(fp32(constant).flatten());
    }
  }
}

void look_at(const Node* node, Found& found) {
  const auto constant = [&](std::size_t i) { return fp32(constant_tensor(node->input(i))); };
  if (node->kind() == aten::_convolution || node->kind() == aten::conv2d) {
    found.convolutions.push_back({constant(1), constant(2)});
  } else if (node->kind() == aten::layer_norm) {
    found.norms.push_back({constant(2), constant(3)});
  } else if (node->kind() == aten::linear) {
    found.linears.push_back({constant(1), constant(2)});
  } else if (node->kind() == aten::matmul && constant(1).defined()) {
    found.linears.push_back({constant(1).t().contiguous(), {}});
  } else if (node->kind() == aten::expand || node->kind() == torch::jit::prim::ListConstruct) {
    look_for_class_token(node, found);
  } else if (node->kind() == aten::add && found.norms.empty()) {
    for (std::size_t i : {0U, 1U}) {
      const at::Tensor positions = constant(i);
      if (positions.defined() && positions.dim() >= 2) {
        found.positions.push_back(positions.flatten(0, -2));
      }
    }
  }
}

/// Throws std::out_of_range when there is none.
template <class T>
T take(std::deque<T>& from) {
  T first = from.at(0);
  from.pop_front();
  return first;
}

LinearWeights take_qkv(std::deque<LinearWeights>& linears, std::int64_t width) {
  LinearWeights q = take(linears);
  if (q.weight.size(0) == 3 * width) return q;
  const LinearWeights k = take(linears), v = take(linears);
  return stacked(q, k, v);
}

ClipVitWeights assembled(Found& found) {
  ClipVitWeights weights{.layout = "its graph, without names"};
  weights.class_token = found.class_tokens.at(0);
  weights.positions = found.positions.at(0);
  const LinearWeights& patches = found.convolutions.at(0);
  weights.patch_size = patches.weight.size(3);
  weights.patch = {patches.weight.flatten(1), patches.bias};
  weights.pre_norm = take(found.norms);
  while (found.norms.size() > 1) {
    ClipVitBlock block;
    block.attention_norm = take(found.norms);
    block.qkv = take_qkv(found.linears, weights.width());
    block.out = take(found.linears);
    block.mlp_norm = take(found.norms);
    block.fc = take(found.linears);
    block.projection = take(found.linears);
    weights.blocks.push_back(std::move(block));
  }
  weights.post_norm = take(found.norms);
  if (!found.linears.empty()) weights.projection = take(found.linears);
  weights.heads = std::max<std::int64_t>(1, weights.width() / 64);
  return weights;
}

}  // namespace

std::optional<ClipVitWeights> clip_vit_by_graph(const torch::jit::Graph& frozen) {
  Found found;
  try {
    for (const Node* node : frozen.nodes()) look_at(node, found);
    if (found.convolutions.size() != 1) return std::nullopt;
    ClipVitWeights weights = assembled(found);
    if (found.linears.empty() && is_sound(weights)) return weights;
  } catch (const std::out_of_range&) {  // fewer constants than the tower has
  } catch (const c10::Error&) {         // or of another rank
  }
  return std::nullopt;
}

}  // namespace mien
