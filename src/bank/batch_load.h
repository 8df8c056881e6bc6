// One batch of images on its way from files to the encoder.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/corruption.h"
#include "mien/data/image.h"
#include "mien/data/image_batch.h"
#include "pieces.h"

namespace mien {

struct LoadedBatch {
  BatchSlice slice;
  ImageBatch images;                 ///< squares, or whole images of one size
  std::vector<std::string> reasons;  ///< [count] empty where the image is good
};

/// What the encoder takes.
struct ImageRecipe {
  std::int64_t image_size = 0;
  ResizeFilter filter = ResizeFilter::kBicubic;
  bool whole = false;  ///< Encoder::resizes(): whole images where all of a batch have one size
  std::optional<Corruption> corruption = {};  ///< of the squares
};

/// The images are read first, each by any thread, and then placed by one. A bad image leaves zeros
/// and a reason.
class BatchLoad {
 public:
  BatchLoad(const BatchSlice& slice, const ImageRecipe& recipe);

  void read(std::size_t index);

  /// Once all are read: makes the batch of what was read.
  void place();

  std::size_t count() const { return batch_.slice.count; }
  LoadedBatch take() { return std::move(batch_); }

 private:
  void read_square(std::size_t index);
  void read_whole(std::size_t index);
  bool may_stay_whole(const Image& image);
  void place_image(std::size_t index);

  LoadedBatch batch_;
  ImageRecipe recipe_;
  std::vector<Image> read_;              ///< [count], for whole images only: as read, or squares
  std::vector<char> is_square_;          ///< [count] whether read_ has been resized
  std::atomic<std::uint64_t> size_ = 0;  ///< width << 32 | height of the first whole image
  std::atomic<std::size_t> bytes_ = 0;   ///< of whole images
  std::atomic<bool> all_whole_ = true;
};

}  // namespace mien
