// Folders of small pictures to encode.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "bank/png_writer.h"
#include "mien/data/image_roots.h"
#include "temporary_folder.h"

namespace mien::testing {

inline std::string frame_name(int frame) {
  const std::string digits = std::to_string(frame);
  return std::string(5 - digits.size(), '0') + digits + ".png";
}

/// The colour of frame `frame` of video number `video`; never 254 or 255.
inline Colour colour_of(int video, int frame) {
  return {static_cast<std::uint8_t>(10 + video), static_cast<std::uint8_t>(frame % 200),
          static_cast<std::uint8_t>(7 * frame % 251)};
}

/// A root with `frames_by_video` pictures in the videos "v0", "v1" ...
class ImageFolders {
 public:
  explicit ImageFolders(const std::vector<int>& frames_by_video) {
    for (std::size_t v = 0; v < frames_by_video.size(); ++v) {
      for (int frame = 1; frame <= frames_by_video[v]; ++frame) {
        write(static_cast<int>(v), frame, png_of(colour_of(static_cast<int>(v), frame)));
      }
    }
  }

  std::filesystem::path root() const { return folder_.path(); }

  std::filesystem::path write(int video, int frame, const std::string& content) const {
    return folder_.write("v" + std::to_string(video) + "/" + frame_name(frame), content);
  }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    return folder_.write(name, content);
  }

  std::vector<VideoFrames> videos() const { return list_videos({root()}); }

 private:
  TemporaryFolder folder_;
};

/// A picture that ends in the middle.
inline std::string truncated_png() {
  const std::string whole = png_of({1, 2, 3});
  return whole.substr(0, whole.size() - 30);
}

/// Every file of a bank but bank.json, by name.
inline std::map<std::string, std::string> files_of(const std::filesystem::path& bank) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::directory_iterator(bank)) {
    if (entry.path().filename() == "bank.json") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    contents[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return contents;
}

}  // namespace mien::testing
