#include <algorithm>

#include "exact_arithmetic.h"
#include "image_function.h"
#include "mien/core/error.h"
#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/encoder/runtime.h"
#include "prepared_archive.h"
#include "tensor_encoder.h"

namespace mien {
namespace {

[[noreturn]] void refuse_path(const EncoderRequest& request) {
  throw InputError("--device", request.device,
                   concat("the bank was made by ", request.path, " in ", request.dtype,
                          ", which is not possible here; expected the kind of machine and device "
                          "that made it, or another --bank"));
}

/// The path that a bank has fixed.
PathTrial named_path(const std::vector<PathRecipe>& recipes, const EncoderRequest& request,
                     const Reference& reference) {
  for (const PathRecipe& recipe : recipes) {
    if (recipe.name != request.path) continue;
    PathTrial trial = try_path(recipe, reference, /*measure=*/false);
    if (trial.problem.empty()) confirm_image_function(trial, reference);
    if (trial.problem.empty()) return trial;
    throw InputError("encoder path", request.path,
                     concat("the bank was made by it, but here it ", trial.problem,
                            "; expected the kind of machine that made it, or another --bank"));
  }
  refuse_path(request);
}

/// A proven tower's own paths beat the general ones wherever they were measured: those are tried
/// only if none of these does.
PathTrial fastest_of(const std::vector<PathRecipe>& recipes, const PreparedArchive& prepared,
                     Report report) {
  std::vector<PathRecipe> own, general;
  for (const PathRecipe& recipe : recipes) {
    (recipe.name.starts_with(kClipVitPath) ? own : general).push_back(recipe);
  }
  PathTrial trial = own.empty() ? PathTrial{} : fastest_path(own, prepared.reference, report);
  return trial.path ? std::move(trial) : fastest_path(general, prepared.reference, report);
}

}  // namespace

std::vector<std::string> dtypes_to_try(const EncoderRequest& request) {
  const auto supported = supported_dtypes(request.device);
  const bool has_it = std::ranges::find(supported, request.dtype) != supported.end();
  if (request.path != "auto" && !has_it) refuse_path(request);
  if (request.dtype != "auto") {
    if (!has_it) {
      throw InputError("--dtype", request.dtype,
                       concat("expected auto, ", join(supported), " on ", request.device),
                       nearest_match(request.dtype, supported));
    }
    return {request.dtype};
  }
  const std::string preferred = preferred_dtype(request.device);
  return preferred == "fp32" ? std::vector{preferred} : std::vector<std::string>{preferred, "fp32"};
}

PreparedArchive prepare_archive(const std::filesystem::path& file,
                                const EncoderOverrides& overrides, const at::Device& device) {
  compute_exactly();
  PreparedArchive prepared{.archive = open_archive(file, overrides)};
  prepared.reference = make_reference(prepared.archive, device);
  prepared.archive.info.embedding_dim = prepared.reference.embeddings.size(1);
  prepared.reference.rounds_inside = rounds_inside(prepared.archive);
  prepared.reference.batch_dependence =
      require_image_function(prepared.archive, prepared.reference);
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
  if (const std::string& problem = prepared.reference.batch_dependence; !problem.empty()) {
    log::warn(concat("encoder ", file.string(), " ", problem, ": embeddings depend on how images ",
                     "are put into batches"));
  }
  for (const std::string& dtype : dtypes) {
    const auto recipes = prepared.recipes(device, dtype);
    // "auto" means the reduced precision only if it passes.
    const Report report = dtype == dtypes.back() ? log::warn : log::debug;
    PathTrial trial = request.path == "auto" ? fastest_of(recipes, prepared, report)
                                             : named_path(recipes, request, prepared.reference);
    if (!trial.path) continue;
    const EncoderInfo& info = prepared.archive.info;
    return device.is_cpu() ? make_cpu_encoder(std::move(*trial.path), info)
                           : make_device_encoder(std::move(*trial.path), info, device);
  }
  throw InputError("--dtype", request.dtype,
                   concat("every way to compute ", file.string(),
                          " in it differs too much from fp32; expected --dtype fp32"));
}

}  // namespace mien
