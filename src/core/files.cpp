#include "mien/core/files.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/sync.h"
#include "mien/core/text.h"
#include "sync_path.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

std::string reason() {
  return std::strerror(errno);
}

constexpr std::string_view kTemporarySuffix = ".tmp";

/// A name that leaves room for what a temporary's adds; the end of a longer one becomes a digest.
std::string shortened(const std::string& name) {
  constexpr std::size_t kLongest = 220, kKept = 200;
  if (name.size() <= kLongest) return name;
  return concat(name.substr(0, kKept), "~", sha256_of_text(name).substr(0, 16));
}

std::string temporary_name(const std::string& name) {
  char random[9];
  std::snprintf(random, sizeof(random), "%08x", std::random_device()());
  return concat(".", shortened(name), ".", ::getpid(), ".", random, kTemporarySuffix);
}

/// What temporary_name() was given, and by which process.
struct TemporaryName {
  std::string_view name;
  std::int64_t process = 0;
};

/// From .<name>.<digits>.<8 hexadecimal digits>.tmp; nothing for other names.
std::optional<TemporaryName> parse_temporary_name(std::string_view text) {
  const auto is_made_of = [](std::string_view field, std::string_view characters) {
    return !field.empty() && field.find_first_not_of(characters) == std::string_view::npos;
  };
  if (!text.starts_with('.') || !text.ends_with(kTemporarySuffix)) return std::nullopt;
  text = text.substr(1, text.size() - 1 - kTemporarySuffix.size());
  const auto fields = split(text, '.');
  if (fields.size() < 3 || fields.back().size() != 8) return std::nullopt;
  const std::string_view process = fields[fields.size() - 2];
  if (!is_made_of(fields.back(), "0123456789abcdef") || !is_made_of(process, "0123456789")) {
    return std::nullopt;
  }
  TemporaryName made{.name = text.substr(0, text.size() - process.size() - 10)};
  if (!parse_integer(process, made.process)) return std::nullopt;
  return made;
}

/// Process numbers say who is alive on their own machine only.
std::string scratch_name(const fs::path& path) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"unknown"};
  return concat(path.filename().string(), ".", host.data());
}

bool is_alive(std::int64_t process) {
  return ::kill(static_cast<pid_t>(process), 0) == 0 || errno != ESRCH;
}

/// When anything in the folder was last written; the latest there is when it cannot be read.
fs::file_time_type last_written_in(const fs::path& folder) {
  std::error_code error;
  fs::file_time_type latest = fs::last_write_time(folder, error);
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    latest = std::max(latest, fs::last_write_time(at->path(), error));
  }
  return error ? fs::file_time_type::max() : latest;
}

/// Renames unless the target is there. True when it did; otherwise errno says why not.
bool rename_if_absent(const fs::path& from, const fs::path& to) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0;
}

}  // namespace

std::string read_text(const fs::path& path, const std::string& what) {
  if (is_pipe(path)) return read_pipe(path, what);
  require_regular_file(path, what);
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(what, path.string(), "cannot be read (" + reason() + ")");
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) throw InputError(what, path.string(), "cannot be read (" + reason() + ")");
  return std::move(text).str();
}

AtomicFile::AtomicFile(const fs::path& path) : path_(write_target(path)) {
  temporary_ = folder_of(path_) / temporary_name(path_.filename().string());
  stream_.open(temporary_, std::ios::binary | std::ios::trunc);
  if (!stream_) refuse_write(path_, reason());
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

bool AtomicFile::commit_if_absent() {
  finish();
  if (::link(temporary_.c_str(), path_.c_str()) == 0) {
    sync_path(folder_of(path_), O_RDONLY | O_DIRECTORY);
    return true;
  }
  if (errno == EEXIST) return false;
  committed_ = rename_if_absent(temporary_, path_);  // a file system without hard links
  if (committed_ || errno == EEXIST) return committed_;
  rename_finished();
  return true;
}

void AtomicFile::commit() {
  finish();
  rename_finished();
}

const fs::path& AtomicFile::finish() {
  if (finished_) return temporary_;
  stream_.close();
  if (!stream_ || !sync_path(temporary_, O_RDONLY)) refuse_write(path_, reason());
  finished_ = true;
  return temporary_;
}

void AtomicFile::rename_finished() {
  rename_synced(temporary_, path_);
  committed_ = true;
}

ScratchFolder::ScratchFolder(const fs::path& path)
    : path_(folder_of(path) / temporary_name(scratch_name(path))) {
  make_folder(path_, "folder");
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void remove_old_temporaries(const fs::path& folder, std::chrono::seconds age) {
  std::error_code ignored;
  const auto oldest = fs::file_time_type::clock::now() - age;
  std::vector<fs::path> old;
  for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
    if (!parse_temporary_name(at->path().filename().string())) continue;
    std::error_code gone;
    const auto written = fs::last_write_time(at->path(), gone);
    if (!gone && written < oldest) old.push_back(at->path());
  }
  for (const fs::path& file : old) fs::remove(file, ignored);
}

void remove_dead_scratch(const fs::path& path, std::chrono::seconds age) {
  std::error_code ignored;
  const auto oldest = fs::file_time_type::clock::now() - age;
  const std::string name = shortened(scratch_name(path));
  std::vector<fs::path> dead;
  for (fs::directory_iterator at(folder_of(path), ignored), end; at != end; at.increment(ignored)) {
    const std::string text = at->path().filename().string();
    const auto made = parse_temporary_name(text);
    if (!made || made->name != name || is_alive(made->process)) continue;
    if (!fs::is_directory(at->symlink_status(ignored))) continue;
    if (last_written_in(at->path()) < oldest) dead.push_back(at->path());
  }
  for (const fs::path& folder : dead) fs::remove_all(folder, ignored);
}

void write_text(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.stream() << text;
  file.commit();
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
