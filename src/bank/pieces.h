// How the work is cut: videos into pieces that become files, pieces into batches.
#pragma once

#include <cstddef>
#include <vector>

#include "mien/data/image_roots.h"

namespace mien {

class PartedVideo;

/// Consecutive frames of one video that become one file: the video's own, or that of a part.
struct Piece {
  const VideoFrames* video = nullptr;
  std::size_t first = 0;          ///< index into the video's list
  std::size_t count = 0;          ///< 0 for a video of which no image can be used
  PartedVideo* parted = nullptr;  ///< of a part: its video
  std::size_t part = 0;
};

/// Consecutive frames of one piece: one forward pass.
struct BatchSlice {
  const Piece* piece = nullptr;
  std::size_t first = 0;  ///< index into the video's list
  std::size_t count = 0;  ///< 0 in an empty piece
  bool is_last = false;   ///< of its piece
};

/// The batches of all pieces in order, one at a time. An empty piece gives one empty batch.
class BatchCutter {
 public:
  /// `pieces` must outlive the object.
  BatchCutter(const std::vector<Piece>& pieces, std::size_t batch_size)
      : pieces_(pieces), batch_size_(batch_size) {}

  bool at_end() const { return piece_ == pieces_.size(); }
  BatchSlice next();

 private:
  const std::vector<Piece>& pieces_;
  std::size_t batch_size_;
  std::size_t piece_ = 0, done_ = 0;
};

}  // namespace mien
