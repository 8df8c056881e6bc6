#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/encoder/encoder.h"

namespace mien {
namespace {

using nlohmann::json;
constexpr const char* kMetadataFile = "mien.json";

std::string first_line(const char* text) {
  const std::string_view all(text);
  return std::string(all.substr(0, all.find('\n')));
}

/// The archive and its metadata file, empty when it has none.
torch::jit::Module load_archive(const std::filesystem::path& file, const torch::Device& device,
                                std::string& metadata) {
  require_exists(file, "--encoder", "a TorchScript archive");
  torch::jit::ExtraFilesMap extra{{kMetadataFile, ""}};
  try {
    torch::jit::Module module = torch::jit::load(file.string(), device, extra);
    metadata = extra[kMetadataFile];
    return module;
  } catch (const std::exception& problem) {  // c10::Error and what the archive reader throws
    throw InputError("--encoder", file.string(),
                     "expected a TorchScript archive (" + first_line(problem.what()) + ")");
  }
}

EncoderInfo info_of(const std::filesystem::path& file, const std::string& metadata,
                    const EncoderOverrides& overrides) {
  EncoderInfo info;
  if (metadata.empty()) {
    if (!overrides.image_size || !overrides.mean || !overrides.std) {
      throw InputError("--encoder", file.string(),
                       "has no mien.json inside: expected --image-size, --mean and --std with it");
    }
    info.name = file.stem().string();
    info.source = file.filename().string();
  } else {
    const json parsed = json::parse(metadata, nullptr, /*allow_exceptions=*/false);
    info = encoder_info_from_json(parsed, file.string() + ": mien.json");
  }
  if (overrides.image_size) info.image_size = *overrides.image_size;
  if (overrides.mean) info.mean = *overrides.mean;
  if (overrides.std) info.std = *overrides.std;
  if (info.image_size < 1 || info.image_size > 4096) {
    throw InputError("--image-size", std::to_string(info.image_size), "expected 1 to 4096");
  }
  for (const double value : info.std) {
    if (!(value > 0)) throw InputError("--std", shortest(value), "expected numbers above 0");
  }
  info.file_sha256 = sha256_of_file(file);
  return info;
}

/// More than the one patch embedding: a convolutional network, which runs faster channels-last.
bool is_convolutional(const torch::jit::Module& frozen) {
  int convolutions = 0;
  for (const auto* node : frozen.get_method("forward").graph()->nodes()) {
    const std::string kind = node->kind().toQualString();
    convolutions += kind == "aten::_convolution" || kind == "aten::conv2d";
  }
  return convolutions > 1;
}

class TorchScriptEncoder : public Encoder {
 public:
  TorchScriptEncoder(torch::jit::Module module, EncoderInfo info, const torch::Device& device)
      : module_(std::move(module)), info_(std::move(info)), device_(device) {
    const auto channel_values = [&](const std::array<double, 3>& values) {
      return torch::tensor({values[0], values[1], values[2]}, torch::kFloat64)
          .to(torch::kFloat32)
          .view({1, 3, 1, 1})
          .to(device_);
    };
    mean_ = channel_values(info_.mean);
    std_ = channel_values(info_.std);
    channels_last_ = is_convolutional(module_);
  }

  const EncoderInfo& info() const override { return info_; }
  std::string path_name() const override { return "torchscript-frozen"; }
  std::string dtype_name() const override { return "fp32"; }

  void encode(const ImageBatch& images, std::span<float> embeddings) override {
    const torch::InferenceMode guard;
    const torch::Tensor output = forward(images);
    std::memcpy(embeddings.data(), output.data_ptr<float>(), embeddings.size_bytes());
  }

  /// One black image: finds the embedding's size and refuses what is no encoder.
  void try_out(const std::filesystem::path& file) {
    torch::Tensor output;
    try {
      const torch::InferenceMode guard;
      output = forward(ImageBatch(1, info_.image_size));
    } catch (const c10::Error& problem) {
      throw InputError("--encoder", file.string(),
                       concat("fails on an input [1, 3, ", info_.image_size, ", ", info_.image_size,
                              "] (", first_line(problem.what()), ")"));
    } catch (const std::runtime_error& problem) {  // raised inside the script
      throw InputError("--encoder", file.string(),
                       concat("fails on an input [1, 3, ", info_.image_size, ", ", info_.image_size,
                              "] (", first_line(problem.what()), ")"));
    }
    if (output.dim() != 2 || output.size(0) != 1) {
      throw InputError("--encoder", file.string(),
                       concat("gives an output of ", output.dim(), " dimensions, expected [B, D]"));
    }
    if (info_.embedding_dim != 0 && info_.embedding_dim != output.size(1)) {
      throw InputError("--encoder", file.string(),
                       concat("gives ", output.size(1), " values an image, its mien.json says ",
                              info_.embedding_dim));
    }
    info_.embedding_dim = output.size(1);
  }

 private:
  torch::Tensor forward(const ImageBatch& images) {
    // Stored with the channels last; seen as [B, 3, S, S].
    auto pixels = torch::from_blob(const_cast<std::uint8_t*>(images.pixels.data()),
                                   {images.count, images.height, images.width, 3}, torch::kUInt8)
                      .permute({0, 3, 1, 2});
    if (!channels_last_) pixels = pixels.contiguous();
    auto input = pixels.to(device_).to(torch::kFloat32).div_(255).sub_(mean_).div_(std_);
    const torch::jit::IValue output = module_.forward({input});
    if (!output.isTensor()) throw std::runtime_error("the output is not one tensor");
    return output.toTensor().to(torch::kCPU, torch::kFloat32).contiguous();
  }

  torch::jit::Module module_;
  EncoderInfo info_;
  torch::Device device_;
  torch::Tensor mean_, std_;
  bool channels_last_ = false;
};

}  // namespace

EncoderInfo read_encoder_info(const std::filesystem::path& file,
                              const EncoderOverrides& overrides) {
  std::string metadata;
  load_archive(file, torch::kCPU, metadata);
  return info_of(file, metadata, overrides);
}

std::unique_ptr<Encoder> load_encoder(const std::filesystem::path& file,
                                      const EncoderOverrides& overrides,
                                      const EncoderRequest& request) {
  const std::string& device = request.device;
  // One plan from the first batch on: the profiling executor changes it after some runs, and with
  // it the last bits, so that a resumed job would differ from an uninterrupted one.
  torch::jit::getExecutorMode() = false;
  std::string metadata;
  torch::jit::Module module = load_archive(file, torch::Device(device), metadata);
  EncoderInfo info = info_of(file, metadata, overrides);
  std::unique_ptr<TorchScriptEncoder> encoder;
  try {
    module.eval();
    encoder = std::make_unique<TorchScriptEncoder>(torch::jit::freeze(module), std::move(info),
                                                   torch::Device(device));
  } catch (const c10::Error& problem) {
    throw InputError(
        "--encoder", file.string(),
        "expected a TorchScript archive with forward(images) (" + first_line(problem.what()) + ")");
  }
  encoder->try_out(file);
  return encoder;
}

}  // namespace mien
