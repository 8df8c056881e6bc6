// One process at a time in a folder.
#pragma once

#include <filesystem>
#include <string>

namespace mien {

/// Holds the folder itself (flock, no file) while it lives; the system lets go of it when the
/// process ends, however it ends. Throws InputError (naming `flag`) when another process holds it.
/// File systems without locks are taken as they are.
class FolderLock {
 public:
  FolderLock(const std::filesystem::path& folder, const std::string& flag);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace mien
