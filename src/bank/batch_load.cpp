#include "batch_load.h"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <new>

namespace mien {
namespace {

constexpr int kLongestWholeSide = 1024;
/// A batch of large images is held as squares instead.
constexpr std::size_t kMostWholeBytes = 256U << 20;

}  // namespace

BatchLoad::BatchLoad(const BatchSlice& slice, const ImageRecipe& recipe) : recipe_(recipe) {
  batch_.slice = slice;
  batch_.reasons.resize(slice.count);
  if (recipe.whole) {
    read_.resize(slice.count);
    is_square_.resize(slice.count);
  } else {
    batch_.images = ImageBatch(static_cast<std::int64_t>(slice.count), recipe.image_size);
  }
}

void BatchLoad::read(std::size_t index) {
  try {
    if (recipe_.whole) {
      read_whole(index);
    } else {
      read_square(index);
    }
  } catch (const ImageError& problem) {
    batch_.reasons[index] = problem.what();
  } catch (const std::bad_alloc&) {
    batch_.reasons[index] = "not enough memory for this image";
  }
}

void BatchLoad::read_square(std::size_t index) {
  const VideoFrames& video = *batch_.slice.piece->video;
  const std::size_t at = batch_.slice.first + index;
  const int size = static_cast<int>(recipe_.image_size);
  const std::span<std::uint8_t> crop = batch_.images.image(static_cast<std::int64_t>(index));
  if (!recipe_.corruption) return load_crop(video.path(at), size, recipe_.filter, crop);
  Image square = resize_and_crop(load_image(video.path(at)), size, recipe_.filter);
  corrupt(square, *recipe_.corruption, corruption_seed(video.name, video.numbers[at]));
  std::ranges::copy(square.pixels, crop.begin());
}

void BatchLoad::read_whole(std::size_t index) {
  Image image = load_image(batch_.slice.piece->video->path(batch_.slice.first + index));
  if (!may_stay_whole(image)) {
    all_whole_ = false;
    image = resize_and_crop(image, static_cast<int>(recipe_.image_size), recipe_.filter);
    is_square_[index] = 1;
  }
  read_[index] = std::move(image);
}

bool BatchLoad::may_stay_whole(const Image& image) {
  if (!all_whole_ || std::max(image.width, image.height) > kLongestWholeSide) return false;
  const auto size =
      static_cast<std::uint64_t>(image.width) << 32 | static_cast<std::uint64_t>(image.height);
  std::uint64_t first = 0;
  if (!size_.compare_exchange_strong(first, size) && first != size) return false;
  return (bytes_ += image.pixels.size()) <= kMostWholeBytes;
}

void BatchLoad::place() {
  if (!recipe_.whole) return;
  const auto images = static_cast<std::int64_t>(count());
  const std::uint64_t size = size_;
  batch_.images = all_whole_ && size != 0
                      ? ImageBatch(images, static_cast<std::int64_t>(size & 0xffffffffU),
                                   static_cast<std::int64_t>(size >> 32))
                      : ImageBatch(images, recipe_.image_size);
  // Isolated: while it waits, this thread must not begin with the images of later batches.
  tbb::this_task_arena::isolate([this] {
    tbb::parallel_for(std::size_t{0}, count(), [this](std::size_t i) { place_image(i); });
  });
  read_.clear();
}

void BatchLoad::place_image(std::size_t index) {
  Image& image = read_[index];
  if (image.pixels.empty()) return;
  if (!all_whole_ && !is_square_[index]) {
    image = resize_and_crop(image, static_cast<int>(recipe_.image_size), recipe_.filter);
  }
  std::copy(image.pixels.begin(), image.pixels.end(),
            batch_.images.image(static_cast<std::int64_t>(index)).begin());
  image.pixels = {};
}

}  // namespace mien
