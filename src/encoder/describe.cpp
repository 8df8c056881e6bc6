#include "mien/encoder/describe.h"

#include <nlohmann/json.hpp>

#include "encoder_path.h"
#include "foreign_file.h"
#include "graph_rewrite.h"
#include "image_function.h"
#include "mien/core/text.h"

namespace mien {
namespace {

std::string architecture(const Archive& archive, const std::optional<ClipVitWeights>& vit) {
  if (vit) {
    return concat("vision transformer, ", vit->blocks.size(), " layers of width ", vit->width(),
                  ", patches of ", vit->patch_size, ", ",
                  vit->activation == MlpActivation::kGelu ? "GELU" : "QuickGELU",
                  " (laid out like CLIP's by ", vit->layout, ")");
  }
  const int convolutions = count_convolutions(archive.frozen());
  const int linears = count_nodes(graph_of(archive.frozen()), "aten::linear");
  if (convolutions > 1) return concat("convolutional network, ", convolutions, " convolutions");
  return concat("TorchScript module, ", convolutions, " convolutions and ", linears,
                " linear layers");
}

}  // namespace

bool is_foreign_encoder(const std::filesystem::path& file) {
  return !foreign_file(file).empty();
}

nlohmann::json describe_encoder(const std::filesystem::path& file,
                                const EncoderOverrides& overrides) {
  Archive archive = open_archive(file, overrides);
  require_inference_mode(archive);
  const auto vit = recognise_clip_vit(archive);
  if (vit && archive.kind == kOpenAiArchive) archive.info.embedding_dim = vit->embedding_dim();
  nlohmann::json facts = to_json(archive.info);
  facts["file"] = archive.kind;
  facts["architecture"] = architecture(archive, vit);
  facts["parameters"] = archive.parameters;
  facts["weights_dtype"] = archive.weights_dtype;
  return facts;
}

}  // namespace mien
