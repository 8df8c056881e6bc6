#include "graph_rewrite.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

namespace mien {
namespace {

torch::jit::Module module_of(const std::string& body,
                             const std::vector<std::pair<std::string, at::Tensor>>& weights) {
  torch::jit::Module module("M");
  for (const auto& [name, weight] : weights) module.register_parameter(name, weight, false);
  module.define("def forward(self, x):\n" + body);
  module.eval();
  return module;
}

class PrepackLinears : public ::testing::Test {
 protected:
  at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, generator_, at::kFloat); }

  /// Rewrites the module and compares; gives the graph.
  std::shared_ptr<torch::jit::Graph> rewritten(const std::string& body, int linears) {
    const torch::jit::Module module = module_of(body, {{"a", random({24, 8})},
                                                       {"a_bias", random({24})},
                                                       {"b", random({8, 24})},
                                                       {"b_bias", random({8})}});
    torch::jit::Module plain = torch::jit::freeze(module), packed = torch::jit::freeze(module);
    auto graph = packed.get_method("forward").graph();
    EXPECT_EQ(prepack_linears(graph), linears);
    for (const std::int64_t rows : {1, 3, 40}) {
      const at::Tensor x = random({2, rows, 8});
      const at::Tensor expected = plain.forward({x}).toTensor();
      const at::Tensor found = packed.forward({x}).toTensor();
      EXPECT_LT(((found - expected).norm() / expected.norm()).item().toDouble(), 1e-6) << body;
    }
    return graph;
  }

  at::Generator generator_ = at::detail::createCPUGenerator(4);
};

TEST_F(PrepackLinears, TakesTheActivationAndTheResidualInside) {
  const auto graph = rewritten(
      "  h = torch.linear(x, self.a, self.a_bias)\n"
      "  h = h * torch.sigmoid(1.702 * h)\n"
      "  return x + torch.linear(h, self.b, self.b_bias)\n",
      2);
  for (const char* gone :
       {"aten::linear", "aten::sigmoid", "aten::mul", "aten::add", "aten::div"}) {
    EXPECT_EQ(count_nodes(*graph, gone), 0) << gone;
  }
}

TEST_F(PrepackLinears, KeepsAnActivationThatIsReadTwice) {
  rewritten(
      "  h = torch.linear(x, self.a, self.a_bias)\n"
      "  h = h * torch.sigmoid(1.702 * h)\n"
      "  return torch.linear(h, self.b) * h.sum()\n",
      2);
}

TEST_F(PrepackLinears, KeepsAnotherSlopeAndAnotherFactor) {
  const auto graph = rewritten(
      "  h = torch.linear(x, self.a, self.a_bias)\n"
      "  h = h * torch.sigmoid(1.5 * h)\n"
      "  return torch.add(x, torch.linear(h, self.b, self.b_bias), alpha=2)\n",
      2);
  EXPECT_EQ(count_nodes(*graph, "aten::sigmoid"), 1);
  EXPECT_EQ(count_nodes(*graph, "aten::add"), 1);
}

TEST_F(PrepackLinears, LeavesALayerWhoseWeightIsComputed) {
  rewritten("  return torch.linear(x, self.a * x.sum())\n", 0);
}

TEST(RetargetConstants, MovesDevicesPrecisionsAndWeights) {
  torch::jit::Module module =
      torch::jit::freeze(module_of("  z = torch.zeros([x.size(0)], dtype=5, device=\"meta\")\n"
                                   "  return (x.to(6) * self.w).to(5) + z\n",
                                   {{"w", at::randn({3}, at::kFloat)}}));
  auto graph = module.get_method("forward").graph();
  retarget_constants(*graph, at::kCPU, at::kBFloat16);
  const at::Tensor result = module.forward({at::randn({3}, at::kBFloat16)}).toTensor();
  EXPECT_EQ(result.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(result.is_cpu());
}

}  // namespace
}  // namespace mien
