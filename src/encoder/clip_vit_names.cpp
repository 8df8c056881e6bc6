#include "clip_vit_names.h"

#include <stdexcept>

namespace mien {
namespace {

constexpr const char* kOpenAiClassToken = "class_embedding";
constexpr const char* kTransformersClassToken = "embeddings.class_embedding";

/// Parameters behind one prefix, in fp32.
class Parameters {
 public:
  Parameters(const NamedTensors& all, std::string prefix) : all_(all), prefix_(std::move(prefix)) {}

  bool has(const std::string& name) const { return all_.contains(prefix_ + name); }
  /// Throws std::out_of_range.
  at::Tensor get(const std::string& name) const {
    return all_.at(prefix_ + name).detach().to(at::kFloat);
  }
  at::Tensor get_if(const std::string& name) const { return has(name) ? get(name) : at::Tensor(); }
  LinearWeights linear(const std::string& name) const {
    return {get(name + ".weight"), get_if(name + ".bias")};
  }
  NormWeights norm(const std::string& name) const {
    return {get(name + ".weight"), get(name + ".bias")};
  }

 private:
  const NamedTensors& all_;
  std::string prefix_;
};

/// What stands before the one name that ends with `suffix`, at a boundary of names.
std::optional<std::string> prefix_of(const NamedTensors& parameters, const std::string& suffix) {
  for (const auto& [name, tensor] : parameters) {
    if (!name.ends_with(suffix)) continue;
    std::string prefix = name.substr(0, name.size() - suffix.size());
    if (prefix.empty() || prefix.ends_with('.')) return prefix;
  }
  return std::nullopt;
}

void take_patches(const at::Tensor& kernel, const at::Tensor& bias, ClipVitWeights& weights) {
  weights.patch_size = kernel.size(3);
  weights.patch = {kernel.flatten(1), bias};
}

ClipVitBlock openai_block(const Parameters& block) {
  return {block.norm("ln_1"),
          {block.get("attn.in_proj_weight"), block.get("attn.in_proj_bias")},
          block.linear("attn.out_proj"),
          block.norm("ln_2"),
          block.linear("mlp.c_fc"),
          block.linear("mlp.c_proj")};
}

ClipVitWeights openai_weights(const NamedTensors& all, const std::string& prefix) {
  const Parameters tower(all, prefix);
  ClipVitWeights weights{.layout = "OpenAI's names"};
  take_patches(tower.get("conv1.weight"), tower.get_if("conv1.bias"), weights);
  weights.class_token = tower.get(kOpenAiClassToken);
  weights.positions = tower.get("positional_embedding");
  weights.pre_norm = tower.norm("ln_pre");
  for (int i = 0;; ++i) {
    const std::string name = "transformer.resblocks." + std::to_string(i) + ".";
    if (!tower.has(name + "ln_1.weight")) break;
    weights.blocks.push_back(openai_block(Parameters(all, prefix + name)));
  }
  weights.post_norm = tower.norm("ln_post");
  if (tower.has("proj")) weights.projection.weight = tower.get("proj").t().contiguous();
  return weights;
}

ClipVitBlock transformers_block(const Parameters& layer) {
  return {layer.norm("layer_norm1"),
          stacked(layer.linear("self_attn.q_proj"), layer.linear("self_attn.k_proj"),
                  layer.linear("self_attn.v_proj")),
          layer.linear("self_attn.out_proj"),
          layer.norm("layer_norm2"),
          layer.linear("mlp.fc1"),
          layer.linear("mlp.fc2")};
}

ClipVitWeights transformers_weights(const NamedTensors& all, const std::string& prefix) {
  const Parameters tower(all, prefix);
  ClipVitWeights weights{.layout = "transformers' names"};
  take_patches(tower.get("embeddings.patch_embedding.weight"),
               tower.get_if("embeddings.patch_embedding.bias"), weights);
  weights.class_token = tower.get(kTransformersClassToken).flatten();
  weights.positions = tower.get("embeddings.position_embedding.weight");
  weights.pre_norm = tower.norm("pre_layrnorm");
  for (int i = 0;; ++i) {
    const std::string name = "encoder.layers." + std::to_string(i) + ".";
    if (!tower.has(name + "layer_norm1.weight")) break;
    weights.blocks.push_back(transformers_block(Parameters(all, prefix + name)));
  }
  weights.post_norm = tower.norm("post_layernorm");
  if (const auto model = prefix_of(all, "visual_projection.weight")) {
    weights.projection = Parameters(all, *model).linear("visual_projection");
  }
  return weights;
}

}  // namespace

std::optional<ClipVitWeights> clip_vit_by_names(const NamedTensors& parameters) {
  try {
    ClipVitWeights weights;
    if (const auto tower = prefix_of(parameters, kTransformersClassToken)) {
      weights = transformers_weights(parameters, *tower);
    } else if (const auto visual = prefix_of(parameters, kOpenAiClassToken)) {
      weights = openai_weights(parameters, *visual);
    } else {
      return std::nullopt;
    }
    weights.heads = std::max<std::int64_t>(1, weights.width() / 64);
    if (is_sound(weights)) return weights;
  } catch (const std::out_of_range&) {  // a parameter that CLIP has is not there
  } catch (const c10::Error&) {         // or is of another rank
  }
  return std::nullopt;
}

}  // namespace mien
