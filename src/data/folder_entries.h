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

/// `.jpg`, `.jpeg` or `.png` in any case.
bool has_image_suffix(std::string_view name);

}  // namespace mien
