// Folders of face crops -> videos -> frames.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// An image that is known to be unusable before it is opened.
struct RejectedImage {
  std::int64_t frame = 0;  ///< as in the name; may not fit 32 bits; 0 without one
  std::filesystem::path path;
  /// "duplicate frame number", "frame number above 2147483647", "no frame number in the name"
  std::string reason;
};

/// The frames of one video, sorted by number. When at least half of the image names end in digits
/// (before the suffix), these are the frame numbers and an image without is rejected: an odd
/// cover.jpg must not shift frames against their labels. Otherwise all are numbered from 1.
struct VideoFrames {
  std::string name;
  std::filesystem::path folder;
  std::vector<std::int32_t> numbers;  ///< [n] ascending, unique
  std::vector<std::string> files;     ///< [n] file names inside `folder`
  bool numbered_by_order = false;     ///< numbered from 1 in byte order of the names
  std::vector<RejectedImage> rejected;

  std::filesystem::path path(std::size_t index) const { return folder / files[index]; }
};

/// "3 images of formats that are not read (.gif 2, .jp2 1), the first is a/b.gif".
std::string unread_text(const std::vector<std::filesystem::path>& unread);

/// Every video of the roots, in byte order of the names. A root holds video folders, or is itself
/// one folder of images (one video of that name). A video found in several roots is taken from the
/// first. Ignored: hidden files and folders (`._*`, .DS_Store), files that do not end as images do
/// (.jpg .jpeg .png .webp .bmp .tif .tiff .heic .heif .avif in any case), folders without an image,
/// and, with a warning, images beside video folders and images in formats that are known but not
/// read. With `unread` these are its, instead of the warning. With `photos`, or where most of a
/// root's names look like photos and not like the frames of films (IMG_12.jpg and DSC_3.jpg side by
/// side), images are numbered by order. Throws InputError when a root does not exist or no root
/// holds an image, with the folder that was probably meant.
std::vector<VideoFrames> list_videos(const std::vector<std::filesystem::path>& roots,
                                     bool photos = false,
                                     std::vector<std::filesystem::path>* unread = nullptr);

/// The 1st, K+1st, ... frame of each video's sorted list.
void keep_every(std::vector<VideoFrames>& videos, std::int64_t every);

/// The digits that end the name before its last dot: `00012.jpg` -> 12, `a-7.png` -> 7. The
/// largest std::int64_t stands for everything above it. Nothing when there are no digits.
std::optional<std::int64_t> number_in_name(std::string_view file_name);

/// Only the named videos, in the order of `videos`. Throws InputError (naming `what`) for a name
/// that is not among them, with the near miss.
void keep_named(std::vector<VideoFrames>& videos, const std::vector<std::string>& names,
                const std::string& what);

}  // namespace mien
