// Reads, decodes and resizes the next batch while the encoder works on the one before it.
#pragma once

#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mien/data/image.h"
#include "mien/data/image_batch.h"
#include "mien/data/image_roots.h"

namespace mien {

/// Consecutive frames of one video.
struct BatchSlice {
  const VideoFrames* video = nullptr;
  std::size_t first = 0;
  std::size_t count = 0;
};

struct LoadedBatch {
  ImageBatch images;
  std::vector<std::string> reasons;  ///< [count] empty where the image is good
};

class BatchLoader {
 public:
  BatchLoader(std::int64_t workers, std::int64_t image_size, ResizeFilter filter);
  ~BatchLoader();

  /// Begins with `slice`; take() waits for it. One slice is on its way at a time.
  void start(const BatchSlice& slice);
  LoadedBatch take();

 private:
  tbb::task_arena arena_;
  tbb::task_group group_;
  std::int64_t image_size_;
  ResizeFilter filter_;
  LoadedBatch next_;
};

}  // namespace mien
