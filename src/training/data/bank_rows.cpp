#include "data/bank_rows.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::size_t kBytesBetweenReleases = 32 << 20;

/// One bank's part of copy_rows(): columns [column, column + dim) of the target.
void copy_part(const Bank& bank, const std::string& video, std::span<const std::int32_t> frames,
               const at::Tensor& target, std::int64_t column) {
  const VideoEmbeddings source = bank.open(video);
  const std::size_t row_bytes =
      static_cast<std::size_t>(bank.info().encoder.embedding_dim) * sizeof(std::uint16_t);
  const auto stride = static_cast<std::size_t>(target.size(1)) * sizeof(std::uint16_t);
  auto* to = static_cast<std::byte*>(target.mutable_data_ptr()) +
             static_cast<std::size_t>(column) * sizeof(std::uint16_t);
  std::size_t copied = 0, since_release = 0;
  for (std::size_t row = 0; row < source.frames().size(); ++row) {
    if (!source.is_finite(row)) source.require_finite();
    if (copied < frames.size() && source.frames()[row] == frames[copied]) {
      std::memcpy(to + copied * stride, source.row(row).data(), row_bytes);
      ++copied;
    }
    since_release += row_bytes;
    if (since_release < kBytesBetweenReleases) continue;
    source.release_pages();
    since_release = 0;
  }
  if (copied == frames.size()) return;
  throw InputError("bank", video_file(bank.folder(), video).string(),
                   concat("lost frame ", frames[copied], " while it was read"));
}

}  // namespace

std::vector<std::int32_t> shared_frames(const std::vector<Bank>& banks, const std::string& video) {
  std::vector<std::int32_t> shared;
  for (const Bank& bank : banks) {
    if (!bank.has(video)) return {};
  }
  for (std::size_t i = 0; i < banks.size(); ++i) {
    const VideoEmbeddings part = banks[i].open(video);
    std::vector<std::int32_t> both;
    if (i == 0) {
      both.assign(part.frames().begin(), part.frames().end());
    } else {
      std::set_intersection(shared.begin(), shared.end(), part.frames().begin(),
                            part.frames().end(), std::back_inserter(both));
    }
    shared = std::move(both);
  }
  return shared;
}

void copy_rows(const std::vector<Bank>& banks, const std::string& video,
               std::span<const std::int32_t> frames, const at::Tensor& target) {
  std::int64_t column = 0;
  for (const Bank& bank : banks) {
    copy_part(bank, video, frames, target, column);
    column += bank.info().encoder.embedding_dim;
  }
}

}  // namespace mien
