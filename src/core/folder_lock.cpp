#include "mien/core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "mien/core/error.h"

namespace mien {

FolderLock::FolderLock(const std::filesystem::path& folder, const std::string& flag, IfHeld if_held)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  const int mode = if_held == IfHeld::kWait ? LOCK_EX : LOCK_EX | LOCK_NB;
  if (descriptor_ < 0 || ::flock(descriptor_, mode) == 0) return;
  if (errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw InputError(flag, folder.string(), "is in use by another process; expected one at a time");
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace mien
