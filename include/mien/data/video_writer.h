// Pictures -> a video file.
#pragma once

#include <filesystem>
#include <memory>

#include "mien/data/image.h"

namespace mien {

/// An .mp4 that is written beside its name, in a folder that remove_dead_scratch() knows, and
/// renamed by commit(); without it nothing stays. H.264, which browsers play from its first bytes
/// on, where FFmpeg has an encoder for it; else MPEG-4 part 2, which one line of the log then says.
/// Few pictures are held at a time.
class VideoWriter {
 public:
  /// Throws InputError (naming `flag`, or the folder) when the file cannot be written. All
  /// pictures are of this size; an odd last row or column is left out, the format has none.
  VideoWriter(const std::filesystem::path& file, const std::string& flag, int width, int height,
              double frames_per_second);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  /// Throws std::logic_error for a picture of another size.
  void write(const Image& image);

  /// The encoder does not tell of a full disk, so the file is opened once more: throws InputError
  /// unless it can be and holds as many frames as were written, at least one.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
