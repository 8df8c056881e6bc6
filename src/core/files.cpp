#include "mien/core/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

std::string reason() {
  return std::strerror(errno);
}

/// Makes a file's content or a rename survive a power cut. False, with errno, when the disk refused
/// (full, over quota); file systems that cannot sync are taken as they are.
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

}  // namespace

std::string read_text(const fs::path& path, const std::string& what) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw InputError(what, path.string(), "expected a file, this is a folder");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(what, path.string(), "cannot be read (" + reason() + ")");
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) throw InputError(what, path.string(), "cannot be read (" + reason() + ")");
  return std::move(text).str();
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  temporary_ = folder_of(path_) / concat(".", path_.filename().string(), ".", ::getpid(), ".tmp");
  stream_.open(temporary_, std::ios::binary | std::ios::trunc);
  if (!stream_) throw InputError("file", path_.string(), "cannot be written (" + reason() + ")");
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

bool AtomicFile::commit_if_absent() {
  finish_temporary();
  const bool made = ::link(temporary_.c_str(), path_.c_str()) == 0;
  if (!made && errno != EEXIST) {  // a file system without hard links
    commit_finished();
    return true;
  }
  return made;
}

void AtomicFile::commit() {
  finish_temporary();
  commit_finished();
}

void AtomicFile::finish_temporary() {
  stream_.close();
  if (!stream_ || !sync_path(temporary_, O_RDONLY)) {
    throw InputError("file", path_.string(), "cannot be written (" + reason() + ")");
  }
}

void AtomicFile::commit_finished() {
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) {
    throw InputError("file", path_.string(), "cannot be written (" + error.message() + ")");
  }
  committed_ = true;
  sync_path(folder_of(path_), O_RDONLY | O_DIRECTORY);
}

void write_text(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.stream() << text;
  file.commit();
}

void require_writable_target(const fs::path& path, const std::string& flag, bool force) {
  std::error_code ignored;
  if (!force && fs::exists(fs::symlink_status(path, ignored))) {
    throw InputError(flag, path.string(), "exists already; give another name or --force");
  }
  if (!fs::is_directory(folder_of(path), ignored)) {
    throw InputError(flag, path.string(), "expected a file name in a folder that exists");
  }
  if (fs::is_directory(path, ignored)) {
    throw InputError(flag, path.string(), "expected a file name, this is a folder");
  }
}

void require_exists(const fs::path& path, const std::string& flag, const std::string& expected) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) return;
  std::vector<std::string> neighbours;
  for (fs::directory_iterator at(folder_of(path), ignored), end; at != end; at.increment(ignored)) {
    neighbours.push_back(at->path().filename().string());
    if (neighbours.size() >= 5000) break;
  }
  std::string near = nearest_match(path.filename().string(), neighbours);
  if (!near.empty()) near = (path.parent_path() / near).string();
  throw InputError(flag, path.string(), "does not exist, expected " + expected, near);
}

void make_folder(const fs::path& path, const std::string& flag) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path, error))
    error = std::make_error_code(std::errc::not_a_directory);
  if (error) {
    throw InputError(flag, path.string(), "cannot make this folder (" + error.message() + ")");
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace mien
