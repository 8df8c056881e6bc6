#include "mien/submission/submission_folder.h"

#include "mien/core/error.h"
#include "mien/core/sync.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// "a/b/" -> "a/b", so that what is beside it is beside it; a link is written through.
fs::path target_of(const fs::path& path, const std::string& flag) {
  return behind_links(path.has_filename() ? path : path.parent_path(), flag);
}

}  // namespace

void require_writable_folder(const fs::path& given, const std::string& flag, bool force) {
  const fs::path path = target_of(given, flag);
  std::error_code error;
  if (!fs::exists(path, error)) {
    require_writable_target(path, flag, force);
    return;
  }
  if (!fs::is_directory(path, error)) {
    throw InputError(flag, given.string(), "expected a folder, as the template is");
  }
  if (!force) {
    throw InputError(flag, given.string(), "exists already; give another name or --force");
  }
  for (fs::directory_iterator at(path, error), end; at != end; at.increment(error)) {
    if (at->is_regular_file(error) && at->path().extension() == ".txt") continue;
    throw InputError(flag, given.string(),
                     "holds more than .txt files (" + at->path().filename().string() +
                         "); expected a folder that may be replaced");
  }
}

SubmissionFolder::SubmissionFolder(const fs::path& path, const std::string& flag, bool force)
    : path_(target_of(path, flag)), scratch_([&] {
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
