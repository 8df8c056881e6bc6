#include "mien/encoder/describe.h"

#include <nlohmann/json.hpp>

#include "encoder_path.h"
#include "graph_rewrite.h"
#include "mien/core/text.h"

namespace mien {
namespace {

std::string architecture(const Archive& archive, const std::optional<ClipVitWeights>& vit) {
  if (vit) {
    return concat("CLIP vision transformer, ", vit->blocks.size(), " layers of width ",
                  vit->width(), ", patches of ", vit->patch_size, ", ",
                  vit->activation == MlpActivation::kGelu ? "GELU" : "QuickGELU",
                  " (recognised by ", vit->layout, ")");
  }
  const torch::jit::Module frozen = torch::jit::freeze(archive.tower);
  torch::jit::Graph& graph = *frozen.get_method("forward").graph();
  const int convolutions =
      count_nodes(graph, "aten::_convolution") + count_nodes(graph, "aten::conv2d");
  const int linears = count_nodes(graph, "aten::linear");
  if (convolutions > 1) return concat("convolutional network, ", convolutions, " convolutions");
  return concat("TorchScript module, ", convolutions, " convolutions and ", linears,
                " linear layers");
}

}  // namespace

nlohmann::json describe_encoder(const std::filesystem::path& file,
                                const EncoderOverrides& overrides) {
  Archive archive = open_archive(file, overrides);
  const auto vit = recognise_clip_vit(archive);
  if (vit && archive.info.embedding_dim == 0) archive.info.embedding_dim = vit->embedding_dim();
  nlohmann::json facts = to_json(archive.info);
  facts["file"] = archive.kind;
  facts["architecture"] = architecture(archive, vit);
  facts["parameters"] = archive.parameters;
  facts["weights_dtype"] = archive.weights_dtype;
  return facts;
}

}  // namespace mien
