#include "mien/core/sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "sync_path.h"

namespace mien {
namespace fs = std::filesystem;

bool sync_path(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags);
  if (descriptor < 0) return true;
  const bool done = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP;
  const int problem = errno;
  ::close(descriptor);
  errno = problem;
  return done;
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void refuse_write(const fs::path& path, const std::string& reason) {
  throw InputError("file", path.string(), concat("cannot be written (", reason, ")"));
}

void sync_to_disk(const fs::path& path) {
  if (!sync_path(path, O_RDONLY)) refuse_write(path, std::strerror(errno));
}

void rename_synced(const fs::path& written, const fs::path& path) {
  std::error_code error;
  fs::rename(written, path, error);
  if (error) refuse_write(path, error.message());
  sync_path(folder_of(path), O_RDONLY | O_DIRECTORY);
}

void move_into_place(const fs::path& written, const fs::path& path) {
  if (!sync_path(written, O_RDONLY)) refuse_write(path, std::strerror(errno));
  rename_synced(written, path);
}

void sync_around(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) refuse_write(folder, std::strerror(errno));
  const bool done = ::syncfs(descriptor) == 0;
  const int problem = errno;
  ::close(descriptor);
  if (!done) refuse_write(folder, std::strerror(problem));
}

}  // namespace mien
