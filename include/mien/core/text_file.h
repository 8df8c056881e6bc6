// A file's text, whether it is packed or not.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mien/core/mapped_file.h"

namespace mien {

/// One file out of an archive.
struct UnpackedFile {
  std::string name;  ///< with the archive's folders
  std::string text;
};

bool is_zip(const std::filesystem::path& path);

/// The names in a .zip, as far as they can be read; none of what is no .zip.
std::vector<std::string> names_in_zip(const std::filesystem::path& path);

/// The files of a .zip, without folders and hidden files (__MACOSX, .DS_Store, ._*), in the
/// archive's order. Throws InputError when it is damaged, encrypted, or unpacks to over 2 GB.
std::vector<UnpackedFile> unpack_zip(const std::filesystem::path& path);

/// Mapped as it is, or unpacked into memory when it begins as a .gz or as a .zip with one file.
class TextFile {
 public:
  /// Throws InputError when the file cannot be read or unpacked.
  explicit TextFile(const std::filesystem::path& path);
  /// Of a text that is unpacked already.
  explicit TextFile(std::string text) : unpacked_(std::move(text)) {}

  std::string_view text() const;  ///< lives as long as this object

 private:
  std::unique_ptr<MappedFile> mapped_;  ///< null for what was unpacked
  std::string unpacked_;
};

}  // namespace mien
