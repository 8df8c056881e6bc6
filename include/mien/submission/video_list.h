// The list of a test set's videos, a name a line, as it was released: all that says what a
// submission of the 3rd edition must hold. It has no frames: a line may add how many,
// `14-30-1920x1080,2475`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

struct ListedVideo {
  std::string video;
  std::size_t line = 0;
  std::int32_t frames = 0;  ///< 0: not said
};

struct VideoList {
  std::filesystem::path path;
  std::vector<ListedVideo> videos;  ///< in the order of the file; none: it is no list

  /// Throws InputError `<path> line <n> = <value>: <expected>`.
  [[noreturn]] void fail(const ListedVideo& video, const std::string& expected,
                         const std::string& suggestion = {}) const;
};

/// Whether the first lines that are not empty are names (no blank, no '/', no dot in front) with or
/// without a number of frames, and no header.
bool is_video_list(std::string_view text);

/// Throws InputError that names the line: no name, one that was there before, no number of frames.
VideoList read_video_list(const std::filesystem::path& path, std::string_view text);

}  // namespace mien
