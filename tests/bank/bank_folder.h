// Small banks of random embeddings.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "temporary_folder.h"

namespace mien::testing {

/// A bank that a test fills video by video.
class BankFolder {
 public:
  explicit BankFolder(std::int64_t dim, const std::string& name = "clip") : dim_(dim) {
    EncoderInfo encoder{name, 224, dim, {.5, .5, .5}, {.5, .5, .5}};
    encoder.file_sha256 = "digest of " + name;
    write_bank_info(folder_.path(), {encoder, {}, {}});
  }

  /// Embeddings are normal numbers of the seed and the video's name.
  void add(const std::string& video, const std::vector<std::int32_t>& frames,
           std::uint32_t seed = 1) {
    std::mt19937 random(seed + static_cast<std::uint32_t>(std::hash<std::string>()(video)));
    std::normal_distribution<float> normal;
    VideoRecord record{.frames = frames};
    for (std::size_t i = 0; i < frames.size() * static_cast<std::size_t>(dim_); ++i) {
      record.embeddings.push_back(half_from_float(normal(random)));
    }
    write_video(folder_.path(), video, record, dim_);
  }

  void add(const std::string& video, const VideoRecord& record) {
    write_video(folder_.path(), video, record, dim_);
  }

  Bank bank() const { return Bank(folder_.path()); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::int64_t dim_;
};

inline std::vector<std::int32_t> frames_up_to(std::int32_t last) {
  std::vector<std::int32_t> frames;
  for (std::int32_t frame = 1; frame <= last; ++frame) frames.push_back(frame);
  return frames;
}

}  // namespace mien::testing
