// What lies in a folder, told apart by the listing alone wherever the file system can.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

struct FolderEntries {
  std::vector<std::string> folders;  ///< names in byte order; links to folders among them
  std::vector<std::string> files;    ///< names in byte order; everything that is no folder
};

/// The entries of `folder` but hidden ones (a leading dot: `._*`, .DS_Store, temporaries). Links
/// are followed, except that one with an image's suffix is taken for a file without a look at it:
/// millions of looks over a network take minutes. Throws InputError (naming `what`).
FolderEntries entries_of(const std::filesystem::path& folder, const std::string& what);

/// Whether the name ends as that of an image in a format that is read (any case): .jpg, .jpeg,
/// .jpe, .jfif, .png, .webp, .bmp, .tif, .tiff and, where the build has libheif, .heic, .heif,
/// .avif.
bool has_image_suffix(std::string_view name);

/// The suffix, in lower case, of an image in a format that is known but not read (.gif, .jp2, raw
/// formats of cameras, .heic without libheif); empty for other names.
std::string unread_image_suffix(std::string_view name);

}  // namespace mien
