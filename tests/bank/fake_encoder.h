// An encoder whose numbers can be told in advance.
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include "mien/encoder/encoder.h"

namespace mien::testing {

/// Embedding of an image: the colour of its first pixel (R, G, B), then
/// 32 * (images in the batch) + (its place in the batch), so that another cut of the batches shows.
/// A red of 254 gives a number too large for fp16, 255 gives a NaN.
class FakeEncoder : public Encoder {
 public:
  FakeEncoder() {
    info_.name = "fake";
    info_.image_size = 4;
    info_.embedding_dim = 4;
    info_.mean = {.5, .5, .5};
    info_.std = {.25, .25, .25};
    info_.source = "a test";
    info_.weights_sha256 = "11";
    info_.file_sha256 = "22";
  }

  const EncoderInfo& info() const override { return info_; }
  std::string path_name() const override { return path; }
  std::string dtype_name() const override { return dtype; }
  bool resizes() const override { return takes_whole_images; }
  int batches_under_way() const override { return most_under_way; }

  void encode(const ImageBatch& images, std::span<float> embeddings) override {
    if (before_batch) before_batch(batch_sizes.size());
    batch_sizes.push_back(images.count);
    sides.push_back({images.height, images.width});
    const auto pixels = static_cast<std::size_t>(images.height * images.width * 3);
    for (std::size_t i = 0; i < static_cast<std::size_t>(images.count); ++i) {
      for (std::size_t c = 0; c < 3; ++c) embeddings[4 * i + c] = images.pixels[i * pixels + c];
      embeddings[4 * i + 3] = static_cast<float>(32 * images.count) + static_cast<float>(i);
      if (embeddings[4 * i] == 254) embeddings[4 * i + 2] = 1e6F;
      if (embeddings[4 * i] == 255) embeddings[4 * i] = std::numeric_limits<float>::quiet_NaN();
    }
  }

  EncoderInfo info_;
  std::string path = "fake-path", dtype = "fp32";
  bool takes_whole_images = false;
  int most_under_way = 1;
  std::vector<std::int64_t> batch_sizes;                  ///< of every batch so far
  std::vector<std::array<std::int64_t, 2>> sides;         ///< height and width of every batch
  std::function<void(std::size_t batches)> before_batch;  ///< may throw
};

}  // namespace mien::testing
