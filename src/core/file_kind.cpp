#include "mien/core/file_kind.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "sync_path.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr int kMostLinks = 40;  ///< as many as the kernel follows

/// "a folder", "a device", "a pipe" or "a socket"; empty for a regular file.
std::string kind_of(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return "a device";
  if (S_ISFIFO(status.st_mode)) return "a pipe";
  if (S_ISSOCK(status.st_mode)) return "a socket";
  return {};
}

bool is_in_proc(const fs::path& path) {
  struct statfs status {};
  return ::statfs(folder_of(path).c_str(), &status) == 0 &&
         status.f_type == static_cast<decltype(status.f_type)>(PROC_SUPER_MAGIC);
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

}  // namespace

fs::path behind_links(const fs::path& path, const std::string& what) {
  fs::path at = path;
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(at, error))) return at;
    if (is_in_proc(at)) {
      throw InputError(what, path.string(),
                       "expected a file name, this is an open file of a process");
    }
    const fs::path next = fs::read_symlink(at, error);
    if (error) return at;
    at = next.is_absolute() ? next : folder_of(at) / next;
  }
  throw InputError(what, path.string(), "expected a file name, this is a link in a circle");
}

fs::path write_target(const fs::path& path, const std::string& what) {
  const fs::path target = behind_links(path, what);
  struct stat status {};
  if (::stat(target.c_str(), &status) != 0) return target;  // writing says what stands against it
  const std::string kind = kind_of(status);
  if (kind.empty()) return target;
  throw InputError(what, path.string(),
                   concat("expected a file name, this is ", kind,
                          S_ISDIR(status.st_mode) ? ", which --force does not replace" : ""));
}

void require_writable_target(const fs::path& path, const std::string& flag, bool force) {
  const fs::path target = write_target(path, flag);
  std::error_code ignored;
  if (!force && fs::exists(target, ignored)) {
    throw InputError(flag, path.string(), "exists already; give another name or --force");
  }
  if (!fs::is_directory(folder_of(target), ignored) || !target.has_filename()) {
    throw InputError(flag, path.string(), "expected a file name in a folder that exists");
  }
}

void require_not_an_input(const fs::path& out, const std::string& flag,
                          const std::vector<NamedInput>& inputs) {
  for (const NamedInput& input : inputs) {
    if (input.path.empty() || !is_same_file(out, input.path)) continue;
    throw InputError(flag, out.string(),
                     concat("is the file of ", input.flag, ", expected another one"));
  }
}

void require_regular_file(const fs::path& path, const std::string& what) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) return;  // /dev/null: empty
  const std::string kind = kind_of(status);
  if (!kind.empty()) throw InputError(what, path.string(), "expected a file, this is " + kind);
}

std::string name_problem(const fs::path& path) {
  fs::path folder = folder_of(path);
  std::error_code ignored;
  while (!fs::is_directory(folder, ignored) && folder.has_parent_path() &&
         folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  struct stat status {};
  if (::lstat((folder / path.filename()).c_str(), &status) == 0) return {};
  if (errno != ENAMETOOLONG && errno != EINVAL && errno != EILSEQ) return {};
  return concat("the file system takes no file of the name ", path.filename().string(), " (",
                std::strerror(errno), ")");
}

fs::path expand_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || (path != "~" && !path.starts_with("~/"))) return path;
  return home + path.substr(1);
}

bool is_pipe(const fs::path& path) {
  std::error_code ignored;
  return fs::is_fifo(path, ignored);
}

}  // namespace mien
