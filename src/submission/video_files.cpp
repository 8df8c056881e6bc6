#include "mien/submission/video_files.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/core/text_file.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

std::string first_line(const std::string& text) {
  const auto lines = lines_of(text);
  return lines.empty() ? std::string() : std::string(lines.front());
}

bool is_video_file(const fs::path& name) {
  return lower(name.extension().string()) == ".txt" && !name.filename().string().starts_with('.');
}

std::vector<VideoFile> of_zip(const fs::path& path) {
  std::vector<VideoFile> files;
  for (UnpackedFile& file : unpack_zip(path)) {
    const fs::path name(file.name);
    if (!is_video_file(name)) continue;
    files.push_back({name.stem().string(), (path / name).string(), std::move(file.text)});
  }
  return files;
}

std::vector<VideoFile> of_folder(const fs::path& path) {
  std::error_code error;
  fs::directory_iterator entries(path, error);
  if (error) throw InputError("folder", path.string(), "cannot be read (" + error.message() + ")");
  std::vector<VideoFile> files;
  for (const auto& entry : entries) {
    if (!entry.is_regular_file(error) || !is_video_file(entry.path())) continue;
    files.push_back({entry.path().stem().string(), entry.path().string(), {}});
    files.back().text = read_text(entry.path());
  }
  return files;
}

}  // namespace

void VideoFile::fail(std::size_t line, const std::string& value, const std::string& expected,
                     const std::string& field) const {
  throw InputError(concat(path, " line ", line, field.empty() ? "" : ", ", field), value, expected);
}

bool holds_video_files(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return true;
  if (!is_zip(path)) return false;
  const std::vector<UnpackedFile> files = unpack_zip(path);
  return files.size() > 1 ||
         (files.size() == 1 && task_of_video_header(first_line(files.front().text)));
}

std::vector<VideoFile> read_video_files(const fs::path& path) {
  std::error_code ignored;
  std::vector<VideoFile> files = fs::is_directory(path, ignored) ? of_folder(path) : of_zip(path);
  if (files.empty()) {
    throw InputError("folder", path.string(), "holds no .txt file, expected one a video");
  }
  std::ranges::sort(files, {}, &VideoFile::video);
  const auto twice = std::ranges::adjacent_find(files, {}, &VideoFile::video);
  if (twice != files.end()) {
    throw InputError("video", twice->video, "has two files in " + path.string());
  }
  return files;
}

SubmissionTask task_of(const VideoFile& file) {
  const std::string header = first_line(file.text);
  if (const auto task = task_of_video_header(header)) return *task;
  file.fail(1, shown(header),
            "expected the annotations' header of EXPR, AU or VA, such as valence,arousal");
}

}  // namespace mien
