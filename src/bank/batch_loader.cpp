#include "batch_loader.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <new>
#include <utility>

namespace mien {

BatchLoader::BatchLoader(std::int64_t workers, std::int64_t image_size, ResizeFilter filter)
    // No slot is kept for the encoder's thread: it only waits.
    : arena_(static_cast<int>(std::max<std::int64_t>(1, workers)), 0),
      image_size_(image_size),
      filter_(filter) {}

BatchLoader::~BatchLoader() {
  arena_.execute([this] { group_.wait(); });
}

void BatchLoader::start(const BatchSlice& slice) {
  next_.images = ImageBatch(static_cast<std::int64_t>(slice.count), image_size_);
  next_.reasons.assign(slice.count, {});
  arena_.enqueue(group_.defer([this, slice] {
    tbb::parallel_for(std::size_t{0}, slice.count, [this, &slice](std::size_t i) {
      const std::span<std::uint8_t> crop = next_.images.image(static_cast<std::int64_t>(i));
      try {
        load_crop(slice.video->path(slice.first + i), static_cast<int>(image_size_), filter_, crop);
      } catch (const ImageError& problem) {
        next_.reasons[i] = problem.what();
        std::fill(crop.begin(), crop.end(), std::uint8_t{0});
      } catch (const std::bad_alloc&) {
        next_.reasons[i] = "not enough memory for this image";
        std::fill(crop.begin(), crop.end(), std::uint8_t{0});
      }
    });
  }));
}

LoadedBatch BatchLoader::take() {
  arena_.execute([this] { group_.wait(); });
  return std::move(next_);
}

}  // namespace mien
