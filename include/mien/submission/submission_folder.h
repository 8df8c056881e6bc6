// A folder of files that appears whole or not at all.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "mien/core/files.h"

namespace mien {

class SubmissionFolder {
 public:
  /// `path` is replaced at the end when it is a folder of nothing but .txt files and `force` is
  /// set. Throws InputError, naming `flag`, for what may not be replaced or made.
  SubmissionFolder(const std::filesystem::path& path, const std::string& flag, bool force);

  /// The next video's file, <video>.txt; the one before is finished. Throws InputError when the
  /// disk refuses.
  std::ostream& begin(const std::string& video);

  /// Renames the folder to its name, once all that is in it is on the disk. Throws InputError when
  /// the disk refuses.
  void commit();

 private:
  void finish_file();
  void take_place();

  std::filesystem::path path_, file_;
  ScratchFolder scratch_;
  std::ofstream stream_;
};

/// Throws InputError unless `path` may become a folder of .txt files.
void require_writable_folder(const std::filesystem::path& path, const std::string& flag,
                             bool force);

}  // namespace mien
