// Files that appear whole or not at all, and the checks made before anything is written.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "mien/core/file_kind.h"

namespace mien {

/// The whole file, or all that a pipe gives (see read_pipe). Throws InputError that names `what`
/// when it cannot be read.
std::string read_text(const std::filesystem::path& path, const std::string& what = "file");

/// A file that is written beside its final name (as .<name>.<pid>.<random>.tmp, its own among all
/// processes of all machines) and renamed by commit(). Without commit() the destructor removes it:
/// nothing half-written is ever seen. A link is written through: what it leads to is replaced.
class AtomicFile {
 public:
  /// Throws InputError when the folder does not exist or cannot be written, or when `path` is no
  /// file that may be replaced (see write_target).
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  std::ostream& stream() { return stream_; }

  /// Flushes to the disk; the file is whole under the name that is returned until it is renamed.
  /// Throws InputError when the disk refused (full, read-only).
  const std::filesystem::path& finish();

  /// finish(), unless that was done, and renames. Throws InputError when the disk refused.
  void commit();

  /// The same, unless the file is there by now: then it stays, and the answer is false. Of two
  /// processes that make one file, one wins and both know.
  bool commit_if_absent();

 private:
  void rename_finished();

  std::filesystem::path path_, temporary_;
  std::ofstream stream_;
  bool finished_ = false, committed_ = false;
};

/// How old a temporary is that nobody is writing any more: they live for seconds, the clocks of two
/// machines may differ by minutes.
inline constexpr std::chrono::hours kDeadTemporary{1};

/// A hidden folder beside `path` for what is needed only until this object goes; nobody else's.
class ScratchFolder {
 public:
  /// Makes .<name>.<host>.<pid>.<random>.tmp. Throws InputError when that fails.
  explicit ScratchFolder(const std::filesystem::path& path);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Removes what AtomicFile left in `folder` when its process was killed: temporaries that were last
/// written longer than `age` ago. Younger ones may be somebody's.
void remove_old_temporaries(const std::filesystem::path& folder, std::chrono::seconds age);

/// Removes what ScratchFolder left beside `path` when its process was killed: made on this machine
/// by a process that is gone, and nothing in it written for `age`.
void remove_dead_scratch(const std::filesystem::path& path, std::chrono::seconds age);

/// Writes `text` as the whole of `path`, atomically.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Throws InputError unless `path` exists; names a near miss in the same folder.
void require_exists(const std::filesystem::path& path, const std::string& flag,
                    const std::string& expected);

/// Creates the folder and its parents. Throws InputError when that fails.
void make_folder(const std::filesystem::path& path, const std::string& flag);

/// Lines without their ends (LF or CRLF) and without a byte order mark; a last empty line is not
/// one. The views point into `text`.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace mien
