#include <ATen/ops/empty.h>
#include <c10/core/Event.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <array>
#include <cstring>
#include <optional>

#include "device_resize.h"
#include "pixel_input.h"
#include "tensor_encoder.h"

namespace mien {
namespace {

constexpr int kUnderWay = 3;  ///< one is computed, one copied in, one waits for its answer's reader

/// Host memory that the device reads and writes by itself, grown as needed.
class PinnedBuffer {
 public:
  at::Tensor of(at::IntArrayRef shape, at::ScalarType dtype) {
    const std::int64_t wanted = c10::multiply_integers(shape);
    if (!buffer_.defined() || buffer_.numel() < wanted) {
      buffer_ = at::empty({wanted}, at::TensorOptions().dtype(dtype).pinned_memory(true));
    }
    return buffer_.narrow(0, 0, wanted).view(shape);
  }

 private:
  at::Tensor buffer_;
};

/// What one batch under way needs.
struct Slot {
  PinnedBuffer pixels, embeddings;
  at::Tensor result;  ///< pinned fp32 [B, D], valid once `done` has happened
  std::optional<c10::Event> done;
};

class DeviceEncoder : public Encoder {
 public:
  DeviceEncoder(EncoderPath path, const EncoderInfo& info, const at::Device& device)
      : path_(std::move(path)),
        info_(info),
        input_(info, device),
        device_(device),
        streams_(device.type()),
        copies_(streams_.getStreamFromGlobalPool(device)),
        compute_(streams_.getStreamFromGlobalPool(device)) {
    streams_.synchronizeDevice(device.index());  // the weights are there, whatever stream they took
  }

  const EncoderInfo& info() const override { return info_; }
  std::string path_name() const override { return path_.name; }
  std::string dtype_name() const override { return path_.dtype; }
  bool resizes() const override { return true; }
  int batches_under_way() const override { return kUnderWay; }
  std::int64_t preferred_batch_size() const override { return kBatchSizeOnDevice; }

  void encode(const ImageBatch& images, std::span<float> embeddings) override {
    start(images)(embeddings);
  }

  PendingEmbeddings start(const ImageBatch& images) override {
    const c10::InferenceMode guard;
    Slot& slot = slots_[next_++ % slots_.size()];
    const at::Tensor pixels = send(images, slot);
    const c10::StreamGuard on_compute(compute_);
    const at::Tensor output = forward_checked(path_, info_, input_.of(cropped(pixels)));
    slot.result = slot.embeddings.of(output.sizes(), at::kFloat);
    slot.result.copy_(output, /*non_blocking=*/true);
    slot.done.emplace(device_.type());
    slot.done->record(compute_);
    return [&slot](std::span<float> embeddings) {
      slot.done->synchronize();
      std::memcpy(embeddings.data(), slot.result.data_ptr<float>(), embeddings.size_bytes());
    };
  }

 private:
  /// The batch's bytes on the device, uint8 [B, height, width, 3]; the compute stream waits.
  at::Tensor send(const ImageBatch& images, Slot& slot) {
    const at::Tensor staged =
        slot.pixels.of({images.count, images.height, images.width, 3}, at::kByte);
    std::memcpy(staged.data_ptr<std::uint8_t>(), images.pixels.data(), images.pixels.size());
    const c10::StreamGuard on_copies(copies_);
    const at::Tensor pixels = staged.to(device_, /*non_blocking=*/true);
    c10::Event sent(device_.type());
    sent.record(copies_);
    sent.block(compute_);
    pixels.record_stream(compute_);  // its memory is not reused before the compute stream is done
    return pixels;
  }

  at::Tensor cropped(const at::Tensor& pixels) {
    const auto height = static_cast<int>(pixels.size(1)), width = static_cast<int>(pixels.size(2));
    if (height == info_.image_size && width == info_.image_size) return pixels;
    if (!resize_ || resize_->width() != width || resize_->height() != height) {
      resize_.emplace(width, height, static_cast<int>(info_.image_size), info_.resize, device_);
    }
    return resize_->crops(pixels);
  }

  EncoderPath path_;
  EncoderInfo info_;
  PixelInput input_;
  at::Device device_;
  c10::impl::VirtualGuardImpl streams_;
  c10::Stream copies_, compute_;
  std::array<Slot, kUnderWay> slots_;
  std::size_t next_ = 0;
  std::optional<DeviceResize> resize_;  ///< for the size of the last batch
};

}  // namespace

std::unique_ptr<Encoder> make_device_encoder(EncoderPath path, const EncoderInfo& info,
                                             const at::Device& device) {
  return std::make_unique<DeviceEncoder>(std::move(path), info, device);
}

}  // namespace mien
