#include "mien/submission/submission_folder.h"

#include "mien/core/error.h"
#include "mien/core/sync.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// "a/b/" -> "a/b": so that what is beside it is beside it.
fs::path without_last_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

void require_writable_folder(const fs::path& given, const std::string& flag, bool force) {
  const fs::path path = without_last_slash(given);
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) {
    require_writable_target(path, flag, force);
    return;
  }
  if (!force) {
    throw InputError(flag, path.string(), "exists already; give another name or --force");
  }
  if (!fs::is_directory(fs::symlink_status(path, error))) {
    throw InputError(flag, path.string(), "expected a folder, as the template is");
  }
  for (fs::directory_iterator at(path, error), end; at != end; at.increment(error)) {
    if (at->is_regular_file(error) && at->path().extension() == ".txt") continue;
    throw InputError(flag, path.string(),
                     "holds more than .txt files (" + at->path().filename().string() +
                         "); expected a folder that may be replaced");
  }
}

SubmissionFolder::SubmissionFolder(fs::path path, const std::string& flag, bool force)
    : path_(without_last_slash(path)), scratch_([&] {
        require_writable_folder(path_, flag, force);
        return path_;
      }()) {}

std::ostream& SubmissionFolder::begin(const std::string& video) {
  finish_file();
  file_ = scratch_.path() / (video + ".txt");
  stream_.open(file_, std::ios::binary | std::ios::trunc);
  if (!stream_) refuse_write(path_ / file_.filename(), "the disk refused");
  return stream_;
}

void SubmissionFolder::finish_file() {
  if (!stream_.is_open()) return;
  stream_.close();
  if (!stream_) refuse_write(path_ / file_.filename(), "the disk is full, or refused");
  sync_to_disk(file_);
}

void SubmissionFolder::commit() {
  finish_file();
  take_place();
}

void SubmissionFolder::take_place() {
  std::error_code ignored;
  if (!fs::exists(path_, ignored)) return move_into_place(scratch_.path(), path_);
  const ScratchFolder old(path_);  // takes what is replaced, and goes
  const fs::path replaced = old.path() / "replaced";
  move_into_place(path_, replaced);
  try {
    move_into_place(scratch_.path(), path_);
  } catch (const InputError&) {
    fs::rename(replaced, path_, ignored);  // else it would go with its folder
    throw;
  }
}

}  // namespace mien
