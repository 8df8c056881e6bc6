// The costly boundary of the pipeline: crops in, embeddings out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "mien/data/image_batch.h"
#include "mien/encoder/encoder_info.h"

namespace mien {

/// Waits for a batch that was started and writes its embeddings [count, embedding_dim].
using PendingEmbeddings = std::function<void(std::span<float> embeddings)>;

class Encoder {
 public:
  virtual ~Encoder() = default;

  virtual const EncoderInfo& info() const = 0;

  /// How the numbers are made, for bank.json: "torchscript-frozen", "clip-vit-blas". A bank is of
  /// one path and of one dtype.
  virtual std::string path_name() const = 0;
  /// "fp32", "bf16" or "fp16": of the arithmetic; what comes out is always fp32.
  virtual std::string dtype_name() const = 0;

  /// Whether a batch may hold whole images of one size (up to 1024 a side), which the encoder then
  /// resizes and crops itself, to the same bytes as resize_and_crop().
  virtual bool resizes() const { return false; }

  /// Batches that are worth having under way at a time: 1 where start() computes at once.
  virtual int batches_under_way() const { return 1; }

  /// Images a batch, unless somebody asks for another number.
  virtual std::int64_t preferred_batch_size() const { return 16; }

  /// `images` of side info().image_size (or any one size, see resizes()) -> `embeddings`
  /// [count, info().embedding_dim], fp32, not normalised. The result for one image may depend on
  /// the batch's size in the last bits.
  virtual void encode(const ImageBatch& images, std::span<float> embeddings) = 0;

  /// Begins with a batch. `images` must live until the answer has been called; answers are called
  /// in the order of the starts.
  virtual PendingEmbeddings start(const ImageBatch& images) {
    return [this, &images](std::span<float> embeddings) { encode(images, embeddings); };
  }
};

/// Reads `mien.json` of a TorchScript archive without loading the weights onto a device; what it
/// lacks comes from the overrides (embedding_dim is then 0). Throws InputError when `file` is no
/// TorchScript archive or neither source says how to preprocess.
EncoderInfo read_encoder_info(const std::filesystem::path& file, const EncoderOverrides& overrides);

/// What is asked of load_encoder().
struct EncoderRequest {
  std::string device = "cpu";  ///< as resolve_device() gives it
  std::string dtype = "auto";  ///< "auto", "fp32", "bf16", "fp16"
  std::string path = "auto";   ///< "auto", or a path_name() that a bank has fixed
};

/// Loads the archive and makes the fastest encoder of it that this machine has: every path is
/// compared with the plain module on one random batch and falls back with a warning when it
/// differs. The encoder must be a function of its image: what was traced or saved in training mode,
/// is noisy, keeps a state, or gives an image another embedding beside others is an InputError;
/// quantisation that takes its scale from the batch is warned of. A wrong output shape is an
/// InputError, as is an embedding_dim that the metadata states wrongly, a dtype that the device
/// lacks, and a path that this archive does not have.
std::unique_ptr<Encoder> load_encoder(const std::filesystem::path& file,
                                      const EncoderOverrides& overrides,
                                      const EncoderRequest& request);

}  // namespace mien
