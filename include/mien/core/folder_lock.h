// One process at a time in a folder.
#pragma once

#include <filesystem>
#include <string>

namespace mien {

enum class IfHeld { kRefuse, kWait };

/// Holds the folder itself (flock, no file) while it lives; the system lets go of it when the
/// process ends, however it ends. When another process holds it, the constructor throws InputError
/// (naming `flag`) or waits, which is for work of milliseconds. File systems without locks are
/// taken as they are.
class FolderLock {
 public:
  FolderLock(const std::filesystem::path& folder, const std::string& flag,
             IfHeld if_held = IfHeld::kRefuse);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace mien
