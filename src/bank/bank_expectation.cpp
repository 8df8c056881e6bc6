// Which videos and frames a bank should have.
#include <algorithm>
#include <system_error>

#include "mien/bank/verify.h"
#include "mien/core/error.h"

namespace mien {
namespace fs = std::filesystem;

BankExpectation expect_images(const std::vector<std::string>& roots, bool photos) {
  BankExpectation expected{.has_images = true};
  expected.videos = list_videos({roots.begin(), roots.end()}, photos, &expected.unread);
  return expected;
}

BankExpectation expect_sources(const std::vector<std::string>& sources, bool photos) {
  BankExpectation expected;
  std::error_code ignored;
  for (const std::string& source : sources) {
    if (!fs::is_directory(source, ignored)) expected.sources_missing.push_back(source);
  }
  if (sources.empty() || !expected.sources_missing.empty()) return expected;
  try {
    return expect_images(sources, photos);
  } catch (const InputError&) {
    return {.sources_missing = sources};
  }
}

void restrict_to(BankExpectation& expected, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<VideoFrames> videos;
  for (const std::string& name : names) {
    const auto known = std::find_if(expected.videos.begin(), expected.videos.end(),
                                    [&](const VideoFrames& video) { return video.name == name; });
    VideoFrames& video = videos.emplace_back();
    if (known != expected.videos.end()) video = std::move(*known);
    video.name = name;
  }
  expected.videos = std::move(videos);
  std::erase_if(expected.unread, [&names](const fs::path& file) {
    return !std::ranges::binary_search(names, file.parent_path().filename().string());
  });
  expected.is_subset = true;
}

}  // namespace mien
