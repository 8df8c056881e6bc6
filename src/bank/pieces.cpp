#include "pieces.h"

#include <algorithm>

namespace mien {

BatchSlice BatchCutter::next() {
  const Piece& piece = pieces_[piece_];
  BatchSlice slice{&piece, piece.first + done_, std::min(batch_size_, piece.count - done_)};
  done_ += slice.count;
  slice.is_last = done_ == piece.count;
  if (slice.is_last) {
    ++piece_;
    done_ = 0;
  }
  return slice;
}

}  // namespace mien
