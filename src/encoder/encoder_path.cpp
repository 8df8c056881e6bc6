#include "encoder_path.h"

#include <stdexcept>

#include "clip_vit_graph.h"
#include "graph_rewrite.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

/// A bank says by the path's name what computed it: numbers of another device are others.
std::string path_name(const std::string& name, const at::Device& device) {
  return device.is_cpu() ? name : name + "-" + at::DeviceTypeName(device.type(), true);
}

/// What the network's single precision becomes; nothing in fp32.
std::optional<at::ScalarType> reduced_type_of(const std::string& dtype) {
  return dtype == "fp32" ? std::nullopt : std::optional(scalar_type_of(dtype));
}

/// A copy that may be changed.
torch::jit::Module frozen_anew(const Archive& archive) {
  return torch::jit::freeze(archive.tower);
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

torch::jit::Module frozen_for(const Archive& archive, const at::Device& device,
                              const std::string& dtype) {
  if (device.is_cpu() && dtype == "fp32") return archive.frozen();
  torch::jit::Module module = frozen_anew(archive);
  retarget_constants(graph_of(module), device, reduced_type_of(dtype));
  return module;
}

EncoderPath prepacked_path(const Archive& archive, const std::string& name,
                           const std::string& dtype) {
  torch::jit::Module module = frozen_anew(archive);
  retarget_constants(graph_of(module), at::kCPU, reduced_type_of(dtype));
  std::shared_ptr<torch::jit::Graph> graph = module.get_method(kForward).graph();
  prepack_linears(graph);
  return script_path(module, name, dtype, false);
}

EncoderPath optimized_path(const Archive& archive, const std::string& name, bool channels_last) {
  torch::jit::Module module = frozen_anew(archive);
  return script_path(torch::jit::optimize_for_inference(module), name, "fp32", channels_last);
}

EncoderPath vit_path(const ClipVitWeights& weights, LinearKernel kernel, const std::string& name,
                     const std::string& dtype, at::ScalarType arithmetic,
                     const at::Device& device) {
  const auto vit = std::make_shared<ClipVit>(weights, kernel, arithmetic, device);
  return {name, dtype, false, [vit](const at::Tensor& pixels) { return vit->forward(pixels); }};
}

/// The weights are rounded to bf16 and the arithmetic is fp32's: every product is then exact, and
/// without instructions for bf16 far faster than LibTorch's own.
EncoderPath rounded_vit_path(ClipVitWeights weights, const std::string& name) {
  round_matrices(weights, at::kBFloat16);
  return vit_path(weights, LinearKernel::kBlas, name, "bf16", at::kFloat, at::kCPU);
}

std::string kernel_path(LinearKernel kernel) {
  const char* names[] = {"blas", "onednn", "tiled"};
  return std::string(kClipVitPath) + names[static_cast<std::size_t>(kernel)];
}

/// Recipes being collected for one archive, device and dtype.
class Recipes {
 public:
  Recipes(const Archive& archive, const at::Device& device, const std::string& dtype)
      : archive_(archive), device_(device), dtype_(dtype) {}

  void add_script(bool channels_last) {
    add(channels_last ? "torchscript-frozen-channels-last" : kPlainPath,
        [&archive = archive_, device = device_, dtype = dtype_,
         channels_last](const std::string& name) {
          return script_path(frozen_for(archive, device, dtype), name, dtype, channels_last);
        });
  }

  void add_optimized(bool channels_last) {
    add(channels_last ? "torchscript-optimized-channels-last" : "torchscript-optimized",
        [&archive = archive_, channels_last](const std::string& name) {
          return optimized_path(archive, name, channels_last);
        });
  }

  void add_prepacked() {
    add("torchscript-prepacked", [&archive = archive_, dtype = dtype_](const std::string& name) {
      return prepacked_path(archive, name, dtype);
    });
  }

  void add_vit(const ClipVitWeights& weights, LinearKernel kernel) {
    add(kernel_path(kernel),
        [&weights, kernel, device = device_, dtype = dtype_](const std::string& name) {
          return vit_path(weights, kernel, name, dtype, scalar_type_of(dtype), device);
        });
  }

  void add_rounded_vit(const ClipVitWeights& weights) {
    add("clip-vit-blas-rounded",
        [&weights](const std::string& name) { return rounded_vit_path(weights, name); });
  }

  std::vector<PathRecipe> take() { return std::move(recipes_); }

 private:
  template <class Make>
  void add(const std::string& path, Make make) {
    const std::string name = path_name(path, device_);
    recipes_.push_back({name, [name, make] { return make(name); }});
  }

  const Archive& archive_;
  at::Device device_;
  std::string dtype_;
  std::vector<PathRecipe> recipes_;
};

}  // namespace

at::ScalarType scalar_type_of(const std::string& dtype) {
  return dtype == "bf16" ? at::kBFloat16 : dtype == "fp16" ? at::kHalf : at::kFloat;
}

EncoderPath plain_path(const Archive& archive, const at::Device& device) {
  return script_path(frozen_for(archive, device, "fp32"), path_name(kPlainPath, device), "fp32",
                     false);
}

bool is_plain(const EncoderPath& path, const at::Device& device) {
  return path.name == path_name(kPlainPath, device) && path.dtype == "fp32";
}

std::vector<PathRecipe> path_recipes(const Archive& archive, const ClipVitWeights* vit,
                                     const at::Device& device, const std::string& dtype) {
  Recipes recipes(archive, device, dtype);
  const bool fp32 = dtype == "fp32";
  if (vit != nullptr && device.is_cpu() && dtype == "bf16") recipes.add_rounded_vit(*vit);
  // Without instructions, LibTorch's own bf16 takes minutes to try.
  if (vit != nullptr && device.is_cpu() && dtype == "bf16" && !runtime_facts().native_bf16) {
    return recipes.take();
  }
  recipes.add_script(/*channels_last=*/false);
  const bool onednn = device.is_cpu() && has_onednn_linear(scalar_type_of(dtype));
  if (count_convolutions(archive.frozen()) > 1) {
    recipes.add_script(/*channels_last=*/true);
    if (device.is_cpu() && fp32) {
      recipes.add_optimized(/*channels_last=*/false);
      recipes.add_optimized(/*channels_last=*/true);
    }
  } else if (onednn && count_nodes(graph_of(archive.frozen()), "aten::linear") > 0) {
    recipes.add_prepacked();
  }
  if (vit == nullptr) return recipes.take();
  if (onednn) recipes.add_vit(*vit, LinearKernel::kOneDnn);
  if (device.is_cpu() && fp32 && has_tiled_product()) recipes.add_vit(*vit, LinearKernel::kTiled);
  recipes.add_vit(*vit, LinearKernel::kBlas);
  return recipes.take();
}

std::optional<ClipVitWeights> recognise_clip_vit(const Archive& archive) {
  std::optional<ClipVitWeights> weights = clip_vit_by_names(archive.named_parameters());
  torch::jit::Graph& graph = graph_of(archive.frozen());
  if (!weights) weights = clip_vit_by_graph(graph);
  if (weights && count_nodes(graph, "aten::gelu") > 0) weights->activation = MlpActivation::kGelu;
  return weights;
}

}  // namespace mien
