// The costly boundary of the pipeline: crops in, embeddings out.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "mien/data/image_batch.h"
#include "mien/encoder/encoder_info.h"

namespace mien {

class Encoder {
 public:
  virtual ~Encoder() = default;

  virtual const EncoderInfo& info() const = 0;

  /// How the numbers are made, for bank.json: "torchscript-frozen". A bank is of one path.
  virtual std::string path_name() const = 0;

  /// `images` of side info().image_size -> `embeddings` [count, info().embedding_dim], fp32, not
  /// normalised. The result for one image may depend on the batch's size in the last bits.
  virtual void encode(const ImageBatch& images, std::span<float> embeddings) = 0;
};

/// Reads `mien.json` of a TorchScript archive without loading the weights onto a device; what it
/// lacks comes from the overrides (embedding_dim is then 0). Throws InputError when `file` is no
/// TorchScript archive or neither source says how to preprocess.
EncoderInfo read_encoder_info(const std::filesystem::path& file, const EncoderOverrides& overrides);

/// Loads, freezes and tries the archive on one image: a wrong output shape is an InputError, an
/// embedding_dim that the metadata states wrongly too. `device` as resolve_device() gives it.
std::unique_ptr<Encoder> load_encoder(const std::filesystem::path& file,
                                      const EncoderOverrides& overrides, const std::string& device);

}  // namespace mien
