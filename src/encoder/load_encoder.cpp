#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"
#include "prepared_archive.h"
#include "tensor_encoder.h"

namespace mien {
namespace {

/// One plan from the first batch on: the profiling executor changes it after some runs, and with it
/// the last bits, so that a resumed job would differ from an uninterrupted one.
void use_one_plan() {
  torch::jit::getExecutorMode() = false;
}

/// What "auto" tries, the fastest first.
std::vector<std::string> dtypes_to_try(const EncoderRequest& request) {
  const auto supported = supported_dtypes(request.device);
  if (request.dtype != "auto") {
    if (std::find(supported.begin(), supported.end(), request.dtype) == supported.end()) {
      throw InputError("--dtype", request.dtype,
                       concat("expected auto, ", join(supported), " on ", request.device),
                       nearest_match(request.dtype, supported));
    }
    return {request.dtype};
  }
  return {preferred_dtype(request.device), "fp32"};
}

PathTrial named_path(const std::vector<PathRecipe>& recipes, const std::string& name,
                     const PreparedArchive& archive) {
  std::vector<std::string> names;
  for (const PathRecipe& recipe : recipes) {
    names.push_back(recipe.name);
    if (recipe.name == name) return fastest_path({recipe}, archive.reference);
  }
  throw InputError("encoder path", name,
                   concat("the bank was made by it, but on this machine ",
                          archive.archive.file.string(), " has only ", join(names)));
}

}  // namespace

PreparedArchive prepare_archive(const std::filesystem::path& file,
                                const EncoderOverrides& overrides, const at::Device& device) {
  use_one_plan();
  PreparedArchive prepared{.archive = open_archive(file, overrides)};
  prepared.reference = make_reference(prepared.archive, device);
  prepared.archive.info.embedding_dim = prepared.reference.embeddings.size(1);
  if (auto weights = recognise_clip_vit(prepared.archive)) {
    const std::string layout = weights->layout;
    prepared.vit = prove_clip_vit(std::move(*weights), prepared.reference);
    if (!prepared.vit) {
      log::warn(concat(file.string(), " looks like a CLIP vision transformer by ", layout,
                       " but computes something else: the general paths are used"));
    }
  }
  return prepared;
}

std::vector<PathRecipe> PreparedArchive::recipes(const at::Device& device,
                                                 const std::string& dtype) const {
  return path_recipes(archive, vit ? &*vit : nullptr, device, dtype);
}

EncoderInfo read_encoder_info(const std::filesystem::path& file,
                              const EncoderOverrides& overrides) {
  return open_archive(file, overrides).info;
}

std::unique_ptr<Encoder> load_encoder(const std::filesystem::path& file,
                                      const EncoderOverrides& overrides,
                                      const EncoderRequest& request) {
  const at::Device device(request.device);
  const std::vector<std::string> dtypes = dtypes_to_try(request);
  const PreparedArchive prepared = prepare_archive(file, overrides, device);
  for (const std::string& dtype : dtypes) {
    const auto recipes = prepared.recipes(device, dtype);
    PathTrial trial = request.path == "auto" ? fastest_path(recipes, prepared.reference)
                                             : named_path(recipes, request.path, prepared);
    if (!trial.path) continue;
    log::info(
        concat("encoder ", prepared.archive.info.name, ": ", trial.path->name, " in ", dtype));
    const EncoderInfo& info = prepared.archive.info;
    return device.is_cpu() ? make_cpu_encoder(std::move(*trial.path), info)
                           : make_device_encoder(std::move(*trial.path), info, device);
  }
  throw InputError("--dtype", request.dtype,
                   concat("every way to compute ", file.string(),
                          " in it differs too much from fp32; expected --dtype fp32"));
}

}  // namespace mien
