#include <c10/core/InferenceMode.h>

#include <cstring>

#include "pixel_input.h"
#include "tensor_encoder.h"

namespace mien {
namespace {

class CpuEncoder : public Encoder {
 public:
  CpuEncoder(EncoderPath path, const EncoderInfo& info)
      : path_(std::move(path)), info_(info), input_(info) {}

  const EncoderInfo& info() const override { return info_; }
  std::string path_name() const override { return path_.name; }
  std::string dtype_name() const override { return path_.dtype; }
  std::int64_t preferred_batch_size() const override { return kBatchSizeOnCpu; }

  void encode(const ImageBatch& images, std::span<float> embeddings) override {
    const c10::InferenceMode guard;
    const at::Tensor output = forward_checked(path_, info_, input_.of(images, path_.channels_last));
    std::memcpy(embeddings.data(), output.data_ptr<float>(), embeddings.size_bytes());
  }

 private:
  EncoderPath path_;
  EncoderInfo info_;
  PixelInput input_;
};

}  // namespace

std::unique_ptr<Encoder> make_cpu_encoder(EncoderPath path, const EncoderInfo& info) {
  return std::make_unique<CpuEncoder>(std::move(path), info);
}

}  // namespace mien
