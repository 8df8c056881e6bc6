#include "archive.h"

#include <torch/csrc/jit/serialization/import.h>

#include <nlohmann/json.hpp>

#include "foreign_file.h"
#include "graph_rewrite.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kMetadataFile = "mien.json";
constexpr const char* kImageTower = "visual";
constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd = {0.26862954, 0.26130258, 0.27577711};

torch::jit::Module load_module(const std::filesystem::path& file, std::string& metadata) {
  require_exists(file, "--encoder", "a TorchScript archive");
  require_regular_file(file, "--encoder");
  if (const std::string instead = foreign_file(file); !instead.empty()) {
    throw InputError("--encoder", file.string(), instead);
  }
  torch::jit::ExtraFilesMap extra{{kMetadataFile, ""}};
  try {
    torch::jit::Module module = torch::jit::load(file.string(), at::kCPU, extra);
    metadata = extra[kMetadataFile];
    module.eval();
    return module;
  } catch (const std::exception& problem) {  // c10::Error and what the archive reader throws
    throw InputError("--encoder", file.string(),
                     "expected a TorchScript archive (" + reason_of(problem) + ")");
  }
}

/// A whole CLIP, image and text, as OpenAI published it.
bool is_whole_clip(const torch::jit::Module& module) {
  return module.find_method("encode_image") && module.hasattr(kImageTower) &&
         module.attr(kImageTower).isModule();
}

/// The side of the images of a whole CLIP; 0 when it does not say.
std::int64_t input_resolution(const torch::jit::Module& clip) {
  if (!clip.hasattr("input_resolution")) return 0;
  const c10::IValue value = clip.attr("input_resolution");
  return value.isTensor() ? value.toTensor().item<std::int64_t>()
         : value.isInt()  ? value.toInt()
                          : 0;
}

/// What CLIP was trained with; the rest of the archives must be told.
EncoderInfo info_without_metadata(const Archive& archive, std::int64_t image_size,
                                  const EncoderOverrides& overrides) {
  const bool openai = archive.kind == kOpenAiArchive;
  const bool has_size = image_size > 0 || overrides.image_size;
  if (!has_size || (!openai && (!overrides.mean || !overrides.std))) {
    throw InputError("--encoder", archive.file.string(),
                     "has no mien.json inside: expected --image-size, --mean and --std with it");
  }
  EncoderInfo info{.name = archive.file.stem().string(),
                   .image_size = image_size,
                   .source = archive.file.filename().string()};
  if (openai) {
    info.mean = kClipMean;
    info.std = kClipStd;
  }
  return info;
}

void check_preprocessing(const EncoderInfo& info) {
  if (info.image_size < 1 || info.image_size > 4096) {
    throw InputError("--image-size", std::to_string(info.image_size), "expected 1 to 4096");
  }
  for (const double value : info.std) {
    if (!(value > 0)) throw InputError("--std", shortest(value), "expected numbers above 0");
  }
}

EncoderInfo info_of(const Archive& archive, const std::string& metadata, std::int64_t image_size,
                    const EncoderOverrides& overrides) {
  EncoderInfo info =
      metadata.empty()
          ? info_without_metadata(archive, image_size, overrides)
          : encoder_info_from_json(json::parse(metadata, nullptr, /*allow_exceptions=*/false),
                                   archive.file.string() + ": mien.json");
  if (overrides.image_size) info.image_size = *overrides.image_size;
  if (overrides.mean) info.mean = *overrides.mean;
  if (overrides.std) info.std = *overrides.std;
  check_preprocessing(info);
  info.file_sha256 = sha256_of_file(archive.file);
  return info;
}

void describe_weights(Archive& archive) {
  std::string dtype = "frozen";
  for (const at::Tensor& parameter : archive.tower.parameters()) {
    archive.parameters += parameter.numel();
    const std::string now = parameter.scalar_type() == at::kHalf       ? "fp16"
                            : parameter.scalar_type() == at::kBFloat16 ? "bf16"
                            : parameter.scalar_type() == at::kFloat    ? "fp32"
                                                                       : "mixed";
    dtype = dtype == "frozen" || dtype == now ? now : "mixed";
  }
  archive.weights_dtype = dtype;
}

void require_forward(const Archive& archive) {
  const auto method = archive.tower.find_method(kForward);
  if (!method || method->num_inputs() < 2) {  // the module itself is the first
    throw InputError("--encoder", archive.file.string(),
                     "expected a TorchScript archive with forward(images)");
  }
}

/// Stored halves, and what tracing has baked into the operators for them, become fp32 on the CPU. A
/// network in fp32 that rounds inside means it.
void make_single_precision(const Archive& archive) {
  const torch::jit::Module& tower = archive.tower;
  const bool has_halves = archive.weights_dtype != "fp32" && archive.weights_dtype != "frozen";
  const auto dtype = has_halves ? std::optional(at::kFloat) : std::nullopt;
  const auto convert = [](at::Tensor tensor) {
    if (is_reduced_precision(tensor.scalar_type())) tensor.set_data(tensor.to(at::kFloat));
  };
  for (const at::Tensor& tensor : tower.parameters()) convert(tensor);
  for (const at::Tensor& tensor : tower.buffers()) convert(tensor);
  for (const torch::jit::Module& part : tower.modules()) {
    for (const torch::jit::Method& method : part.get_methods()) {
      retarget_constants(*method.graph(), at::kCPU, dtype);
    }
  }
}

}  // namespace

NamedTensors Archive::named_parameters() const {
  NamedTensors named;
  for (const auto& parameter : tower.named_parameters()) named[parameter.name] = parameter.value;
  return named;
}

Archive open_archive(const std::filesystem::path& file, const EncoderOverrides& overrides) {
  std::string metadata;
  torch::jit::Module module = load_module(file, metadata);
  const bool openai = is_whole_clip(module);
  Archive archive{.file = file,
                  .tower = openai ? module.attr(kImageTower).toModule() : module,
                  .kind = openai ? kOpenAiArchive : "TorchScript archive"};
  describe_weights(archive);
  archive.info = info_of(archive, metadata, openai ? input_resolution(module) : 0, overrides);
  require_forward(archive);
  make_single_precision(archive);
  return archive;
}

const torch::jit::Module& Archive::frozen() const {
  if (!made_frozen) {
    try {
      made_frozen = torch::jit::freeze(tower);
    } catch (const std::exception& problem) {  // c10::Error and others of the compiler
      throw InputError("--encoder", file.string(),
                       "expected a TorchScript archive with forward(images) that can be frozen (" +
                           reason_of(problem) + ")");
    }
  }
  return *made_frozen;
}

torch::jit::Graph& graph_of(const torch::jit::Module& frozen) {
  return *frozen.get_method(kForward).graph();
}

int count_convolutions(const torch::jit::Module& frozen) {
  torch::jit::Graph& graph = graph_of(frozen);
  return count_nodes(graph, "aten::_convolution") + count_nodes(graph, "aten::conv2d");
}

/// A script that fails gives its trace first and what it raised last; others the reason first.
std::string reason_of(const std::exception& problem) {
  const auto* error = dynamic_cast<const c10::Error*>(&problem);
  const std::string text = error != nullptr ? error->what_without_backtrace() : problem.what();
  std::string first, last;
  for (const std::string_view line : lines_of(text)) {
    if (trim(line).empty()) continue;
    last = trim(line);
    if (first.empty()) first = last;
  }
  return first.find("TorchScript interpreter") != std::string::npos ? last : first;
}

}  // namespace mien
