#include "mien/data/image_roots.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "folder_entries.h"
#include "frame_numbers.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFlag = "--images";
constexpr const char* kExpected =
    "expected a folder of video folders with images (.jpg, .jpeg, .png, .webp, .bmp, .tif, .heic, "
    ".avif), or one such folder";

using VideosByName = std::map<std::string, VideoFrames>;

std::vector<std::string> images_among(std::vector<std::string> files) {
  std::erase_if(files, [](const std::string& name) { return !has_image_suffix(name); });
  return files;
}

using Paths = std::vector<fs::path>;

void add_unread(const fs::path& folder, const std::vector<std::string>& files, Paths& unread) {
  for (const std::string& name : files) {
    if (!unread_image_suffix(name).empty()) unread.push_back(folder / name);
  }
}

/// The name that a person would give the folder: `.`, `..` and trailing slashes resolved.
std::string folder_name(const fs::path& folder) {
  fs::path whole = fs::absolute(folder).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  return whole.has_filename() ? whole.filename().string() : "images";
}

VideoFrames video_of(const std::string& name, const fs::path& folder,
                     std::vector<std::string> images, bool are_photos) {
  VideoFrames video;
  video.name = name;
  video.folder = folder;
  if (are_photos) {
    number_photos(std::move(images), video);
  } else {
    number_frames(std::move(images), video);
  }
  return video;
}

/// The root's folders with their images. Most of the images decide for all folders whether they
/// are films or photos: a folder with few photos of one person looks like a film by itself.
struct RootFolders {
  std::map<std::string, std::vector<std::string>> images;

  bool are_photos() const {
    std::size_t all = 0, photos = 0;
    for (const auto& [folder, names] : images) {
      all += names.size();
      if (look_like_photos(names)) photos += names.size();
    }
    return 2 * photos > all;
  }
};

/// The first video of the name stays.
void keep_first(VideosByName& videos, VideoFrames video) {
  const auto [known, added] = videos.try_emplace(video.name);
  if (added) {
    known->second = std::move(video);
  } else {
    log::debug(concat(video.folder.string(), ": not used, ", known->second.folder.string(),
                      " comes first"));
  }
}

/// Adds the root's videos; false when it has none.
bool add_root(const fs::path& root, bool photos, VideosByName& videos, Paths& unread) {
  require_exists(root, kFlag, "a folder of images");
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) throw InputError(kFlag, root.string(), kExpected);
  const FolderEntries top = entries_of(root, kFlag);
  add_unread(root, top.files, unread);
  RootFolders folders;
  for (const std::string& name : top.folders) {
    FolderEntries entries = entries_of(root / name, kFlag);
    add_unread(root / name, entries.files, unread);
    std::vector<std::string> images = images_among(std::move(entries.files));
    if (!images.empty()) folders.images.emplace(name, std::move(images));
  }
  const bool found = !folders.images.empty(), are_photos = photos || folders.are_photos();
  for (auto& [name, images] : folders.images) {
    keep_first(videos, video_of(name, root / name, std::move(images), are_photos));
  }
  std::vector<std::string> loose = images_among(top.files);
  if (loose.empty()) return found;
  if (found) {
    log::warn(
        concat(root.string(), ": images beside the video folders are not used: ", loose.size()));
    return true;
  }
  const bool loose_photos = photos || look_like_photos(loose);
  keep_first(videos, video_of(folder_name(root), root, std::move(loose), loose_photos));
  return true;
}

/// A folder inside a root that would have been the right one to give, or nothing.
std::string deeper_root(const std::vector<fs::path>& roots) {
  for (const fs::path& root : roots) {
    for (const std::string& middle : entries_of(root, kFlag).folders) {
      for (const std::string& name : entries_of(root / middle, kFlag).folders) {
        if (!images_among(entries_of(root / middle / name, kFlag).files).empty()) {
          return (root / middle).string();
        }
      }
    }
  }
  return {};
}

std::string listed(const std::vector<fs::path>& roots) {
  std::vector<std::string> names;
  for (const fs::path& root : roots) names.push_back(root.string());
  return join(names);
}

}  // namespace

std::string unread_text(const Paths& unread) {
  std::map<std::string, std::int64_t> by_suffix;
  for (const fs::path& file : unread) ++by_suffix[unread_image_suffix(file.filename().string())];
  std::vector<std::string> counts;
  for (const auto& [suffix, count] : by_suffix) counts.push_back(concat(suffix, " ", count));
  return concat(with_thousands(std::ssize(unread)), unread.size() == 1 ? " image" : " images",
                " of formats that are not read (", join(counts), "), the first is ",
                unread.front().string());
}

std::vector<VideoFrames> list_videos(const Paths& roots, bool photos, Paths* unread) {
  VideosByName by_name;
  Paths others;
  for (const fs::path& root : roots) {
    if (!add_root(root, photos, by_name, others)) log::debug(root.string() + ": no images");
  }
  if (by_name.empty()) {
    throw InputError(
        kFlag, listed(roots),
        concat("no image found, ", others.empty() ? "" : unread_text(others) + "; ", kExpected),
        deeper_root(roots));
  }
  if (unread != nullptr) {
    *unread = std::move(others);
  } else if (!others.empty()) {
    log::warn("not used: " + unread_text(others));
  }
  std::vector<VideoFrames> videos;
  videos.reserve(by_name.size());
  for (auto& [name, video] : by_name) videos.push_back(std::move(video));
  return videos;
}

void keep_every(std::vector<VideoFrames>& videos, std::int64_t every) {
  if (every < 1) throw InputError("--every", std::to_string(every), "expected at least 1");
  if (every == 1) return;
  const auto step = static_cast<std::size_t>(every);
  for (VideoFrames& video : videos) {
    const std::size_t kept = (video.numbers.size() + step - 1) / step;
    for (std::size_t i = 1; i < kept; ++i) {
      video.numbers[i] = video.numbers[i * step];
      video.files[i] = std::move(video.files[i * step]);
    }
    video.numbers.resize(kept);
    video.files.resize(kept);
  }
}

void keep_named(std::vector<VideoFrames>& videos, const std::vector<std::string>& names,
                const std::string& what) {
  std::map<std::string, bool> wanted;
  for (const VideoFrames& video : videos) wanted[video.name] = false;
  for (const std::string& name : names) {
    const auto found = wanted.find(name);
    if (found != wanted.end()) {
      found->second = true;
      continue;
    }
    std::vector<std::string> known;
    for (const auto& [video, ignored] : wanted) known.push_back(video);
    throw InputError(what, name, concat("expected one of the ", known.size(), " videos found"),
                     nearest_match(name, known));
  }
  std::erase_if(videos, [&](const VideoFrames& video) { return !wanted.at(video.name); });
}

}  // namespace mien
