// A long video on its way into the bank: parts of it are hidden files until all are there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/data/image_roots.h"
#include "pieces.h"

namespace mien {

/// What a video's embeddings depend on besides its images.
struct VideoRecipe {
  std::filesystem::path bank;
  EncoderInfo encoder;
  BankCompute compute;
  std::int64_t every = 1;
  std::optional<Corruption> corruption = {};
};

/// The parts stay mapped from the moment they are found or written, so that another process which
/// completes the same video and removes them does no harm. Not thread-safe; one thread writes.
class PartedVideo {
 public:
  /// `video` and `recipe` must outlive the object. Parts of `part_frames` frames, the last shorter.
  PartedVideo(const VideoFrames& video, const VideoRecipe& recipe, std::size_t part_frames);

  const VideoFrames& frames() const { return video_; }
  std::size_t parts() const { return parts_.size(); }
  Piece piece(std::size_t part);

  /// Takes over the file of a part if it is what this run would write. With `only_whole`, not if
  /// images of it failed.
  bool adopt(std::size_t part, bool only_whole);

  std::filesystem::path file(std::size_t part) const;

  /// Writes a part's file, atomically.
  void write(std::size_t part, const VideoRecord& record);

  /// Writes the video's file, bit by bit what write_video() would make of all frames at once, and
  /// removes the parts. All parts must be there.
  void merge();

 private:
  std::string content(std::size_t part) const;
  Metadata merged_metadata() const;

  const VideoFrames& video_;
  const VideoRecipe& recipe_;
  std::size_t part_frames_;
  std::vector<std::unique_ptr<VideoEmbeddings>> parts_;
};

/// The files of parts in a bank's folder, by the names of their videos.
std::map<std::string, std::vector<std::filesystem::path>> part_files(
    const std::filesystem::path& bank);

}  // namespace mien
