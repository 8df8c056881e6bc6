// From the encoder's numbers to what is written for a video or a part of one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batch_load.h"
#include "mien/bank/bank.h"
#include "pieces.h"

namespace mien {

inline constexpr std::string_view kNotFinite = "embedding is not finite";

/// The images that are known to be unusable before they are opened.
std::vector<FailedFrame> rejected_frames(const VideoFrames& video);

/// Collects the record of one piece. That of a whole video begins with its rejected images.
class RecordBuilder {
 public:
  /// `embedding_dim`: D.
  RecordBuilder(const Piece& piece, std::int64_t every, std::size_t embedding_dim);

  /// `embeddings` [count, D]: of the piece's next frames. One that is not finite as F16 fails.
  void add(const LoadedBatch& batch, std::span<const float> embeddings);

  const VideoRecord& record() const { return record_; }
  VideoRecord take() { return std::move(record_); }

 private:
  bool add_row(std::span<const float> embedding);
  void add_failed(std::size_t index, const std::string& reason);

  const VideoFrames& video_;
  std::size_t dim_;
  VideoRecord record_;
};

}  // namespace mien
