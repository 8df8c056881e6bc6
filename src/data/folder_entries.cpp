#include "folder_entries.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "formats/heif.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_folder(DIR* parent, const dirent& entry) {
  if (entry.d_type == DT_DIR) return true;
  if (entry.d_type == DT_LNK && has_image_suffix(entry.d_name)) return false;
  if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return false;
  struct stat status {};
  return ::fstatat(::dirfd(parent), entry.d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

constexpr std::array<std::string_view, 9> kRead = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                                   ".webp", ".bmp",  ".tif", ".tiff"};
constexpr std::array<std::string_view, 4> kHeif = {".heic", ".heif", ".hif", ".avif"};
constexpr std::array<std::string_view, 27> kUnread = {
    ".gif", ".jp2", ".j2k", ".jxl", ".jxr", ".psd", ".tga", ".ppm", ".pgm",
    ".pbm", ".pnm", ".exr", ".hdr", ".ico", ".svg", ".dng", ".cr2", ".cr3",
    ".nef", ".arw", ".raf", ".orf", ".rw2", ".srw", ".pef", ".mpo", ".apng"};

/// In lower case, with its dot; empty when there is none of a usual length.
std::string suffix_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.size() - dot > 5) return {};
  return lower(name.substr(dot));
}

template <class Suffixes>
bool is_among(const std::string& suffix, const Suffixes& suffixes) {
  return std::ranges::find(suffixes, suffix) != suffixes.end();
}

}  // namespace

FolderEntries entries_of(const std::filesystem::path& folder, const std::string& what) {
  const auto refuse = [&] {
    throw InputError(what, folder.string(), concat("cannot be read (", std::strerror(errno), ")"));
  };
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (open == nullptr) refuse();
  FolderEntries entries;
  for (errno = 0; const dirent* entry = ::readdir(open.get()); errno = 0) {
    if (entry->d_name[0] == '.') continue;
    (is_folder(open.get(), *entry) ? entries.folders : entries.files).emplace_back(entry->d_name);
  }
  if (errno != 0) refuse();
  std::sort(entries.folders.begin(), entries.folders.end());
  std::sort(entries.files.begin(), entries.files.end());
  return entries;
}

bool has_image_suffix(std::string_view name) {
  const std::string suffix = suffix_of(name);
  return is_among(suffix, kRead) || (has_heif() && is_among(suffix, kHeif));
}

std::string unread_image_suffix(std::string_view name) {
  const std::string suffix = suffix_of(name);
  const bool unread = is_among(suffix, kUnread) || (!has_heif() && is_among(suffix, kHeif));
  return unread ? suffix : std::string();
}

}  // namespace mien
