#include "encoder_path.h"

#include <stdexcept>

#include "clip_vit_graph.h"
#include "graph_rewrite.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

constexpr const char* kForward = "forward";

torch::jit::Module frozen(const Archive& archive) {
  return torch::jit::freeze(archive.tower);
}

int convolutions(const torch::jit::Module& module) {
  torch::jit::Graph& graph = *module.get_method(kForward).graph();
  return count_nodes(graph, "aten::_convolution") + count_nodes(graph, "aten::conv2d");
}

/// The module as a path. `name` and `dtype` say what was done to it.
EncoderPath script_path(torch::jit::Module module, const std::string& name,
                        const std::string& dtype, bool channels_last) {
  const at::ScalarType type = scalar_type_of(dtype);
  const auto forward = [module, type, channels_last](const at::Tensor& pixels) mutable {
    const auto format =
        channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const c10::IValue output = module.forward({pixels.to(type).contiguous(format)});
    if (!output.isTensor()) throw std::runtime_error("the output is not one tensor");
    return output.toTensor().to(at::kFloat).contiguous();
  };
  return {name, dtype, channels_last, forward};
}

torch::jit::Module retargeted(torch::jit::Module module, const at::Device& device,
                              const std::string& dtype) {
  if (device.is_cpu() && dtype == "fp32") return module;
  retarget_constants(*module.get_method(kForward).graph(), device, scalar_type_of(dtype));
  return module;
}

EncoderPath prepacked_path(const Archive& archive, const std::string& name,
                           const std::string& dtype) {
  torch::jit::Module module = retargeted(frozen(archive), at::kCPU, dtype);
  std::shared_ptr<torch::jit::Graph> graph = module.get_method(kForward).graph();
  prepack_linears(graph);
  return script_path(module, name, dtype, false);
}

EncoderPath optimized_path(const Archive& archive, const std::string& name, bool channels_last) {
  torch::jit::Module module = frozen(archive);
  return script_path(torch::jit::optimize_for_inference(module), name, "fp32", channels_last);
}

/// Without instructions for bf16 the weights are rounded to it and the arithmetic is fp32's: every
/// product is then exact, and far faster than LibTorch's own bf16.
EncoderPath vit_path(const ClipVitWeights& weights, LinearKernel kernel, const std::string& name,
                     const std::string& dtype, const at::Device& device) {
  at::ScalarType type = scalar_type_of(dtype);
  ClipVitWeights rounded = weights;
  if (type == at::kBFloat16 && device.is_cpu() && !runtime_facts().native_bf16) {
    round_matrices(rounded, type);
    type = at::kFloat;
  }
  const auto vit = std::make_shared<ClipVit>(rounded, kernel, type, device);
  return {name, dtype, false, [vit](const at::Tensor& pixels) { return vit->forward(pixels); }};
}

void add_convolutional(const Archive& archive, const at::Device& device, const std::string& dtype,
                       std::vector<PathRecipe>& recipes) {
  const auto add = [&](const std::string& name, auto make) {
    recipes.push_back({name, [name, make] { return make(name); }});
  };
  add("torchscript-frozen-channels-last", [&archive, device, dtype](const std::string& name) {
    return script_path(retargeted(frozen(archive), device, dtype), name, dtype, true);
  });
  if (!device.is_cpu() || dtype != "fp32") return;
  add("torchscript-optimized",
      [&archive](const std::string& name) { return optimized_path(archive, name, false); });
  add("torchscript-optimized-channels-last",
      [&archive](const std::string& name) { return optimized_path(archive, name, true); });
}

}  // namespace

at::ScalarType scalar_type_of(const std::string& dtype) {
  return dtype == "bf16" ? at::kBFloat16 : dtype == "fp16" ? at::kHalf : at::kFloat;
}

EncoderPath plain_path(const Archive& archive, const at::Device& device) {
  return script_path(retargeted(frozen(archive), device, "fp32"), kPlainPath, "fp32", false);
}

std::vector<PathRecipe> path_recipes(const Archive& archive, const ClipVitWeights* vit,
                                     const at::Device& device, const std::string& dtype) {
  std::vector<PathRecipe> recipes;
  recipes.push_back({kPlainPath, [&archive, device, dtype] {
                       return script_path(retargeted(frozen(archive), device, dtype), kPlainPath,
                                          dtype, false);
                     }});
  const bool onednn = device.is_cpu() && has_onednn_linear(scalar_type_of(dtype));
  const torch::jit::Module module = frozen(archive);
  if (convolutions(module) > 1) {
    add_convolutional(archive, device, dtype, recipes);
  } else if (onednn && count_nodes(*module.get_method(kForward).graph(), "aten::linear") > 0) {
    recipes.push_back({"torchscript-prepacked", [&archive, dtype] {
                         return prepacked_path(archive, "torchscript-prepacked", dtype);
                       }});
  }
  if (vit == nullptr) return recipes;
  if (onednn) {
    recipes.push_back({"clip-vit-onednn", [vit, dtype, device] {
                         return vit_path(*vit, LinearKernel::kOneDnn, "clip-vit-onednn", dtype,
                                         device);
                       }});
  }
  recipes.push_back({"clip-vit-blas", [vit, dtype, device] {
                       return vit_path(*vit, LinearKernel::kBlas, "clip-vit-blas", dtype, device);
                     }});
  return recipes;
}

std::optional<ClipVitWeights> recognise_clip_vit(const Archive& archive) {
  std::optional<ClipVitWeights> weights = clip_vit_by_names(archive.named_parameters());
  const torch::jit::Module module = frozen(archive);
  torch::jit::Graph& graph = *module.get_method(kForward).graph();
  if (!weights) weights = clip_vit_by_graph(graph);
  if (weights && count_nodes(graph, "aten::gelu") > 0) weights->activation = MlpActivation::kGelu;
  return weights;
}

}  // namespace mien
