#include "video_record.h"

#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {

std::vector<FailedFrame> rejected_frames(const VideoFrames& video) {
  std::vector<FailedFrame> failed;
  for (const RejectedImage& image : video.rejected) {
    failed.push_back({image.frame, image.path.string(), image.reason});
  }
  return failed;
}

RecordBuilder::RecordBuilder(const Piece& piece, std::int64_t every, std::size_t embedding_dim)
    : video_(*piece.video), dim_(embedding_dim) {
  record_.every = every;
  record_.film = !video_.numbered_by_order;
  if (piece.parted == nullptr) record_.failed = rejected_frames(video_);
  record_.frames.reserve(piece.count);
  record_.embeddings.reserve(piece.count * dim_);
}

void RecordBuilder::add(const LoadedBatch& batch, std::span<const float> embeddings) {
  for (std::size_t i = 0; i < batch.slice.count; ++i) {
    const std::size_t index = batch.slice.first + i;
    if (!batch.reasons[i].empty()) {
      add_failed(index, batch.reasons[i]);
    } else if (!add_row(embeddings.subspan(i * dim_, dim_))) {
      add_failed(index, std::string(kNotFinite));
    } else {
      record_.frames.push_back(video_.numbers[index]);
      if (video_.numbered_by_order) record_.names.push_back(video_.files[index]);
    }
  }
}

bool RecordBuilder::add_row(std::span<const float> embedding) {
  const std::size_t before = record_.embeddings.size();
  bool finite = true;
  for (const float value : embedding) {
    const std::uint16_t bits = half_from_float(value);
    finite = finite && half_is_finite(bits);
    record_.embeddings.push_back(bits);
  }
  if (!finite) record_.embeddings.resize(before);
  return finite;
}

void RecordBuilder::add_failed(std::size_t index, const std::string& reason) {
  const std::string path = video_.path(index).string();
  log::debug(concat("failed: ", path, ": ", reason));
  record_.failed.push_back({video_.numbers[index], path, reason});
}

}  // namespace mien
