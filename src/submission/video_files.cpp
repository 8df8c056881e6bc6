#include "mien/submission/video_files.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/submission/video_list.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

bool is_video_file(const fs::path& name) {
  return lower(name.extension().string()) == ".txt" && !name.filename().string().starts_with('.');
}

std::vector<VideoFile> sorted(const fs::path& path, std::vector<VideoFile> files) {
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

}  // namespace

void VideoFile::fail(std::size_t line, const std::string& value, const std::string& expected,
                     const std::string& field) const {
  throw InputError(concat(path, " line ", line, field.empty() ? "" : ", ", field), value, expected);
}

std::vector<VideoFile> video_files_in(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) {
    throw InputError("folder", folder.string(), "cannot be read (" + error.message() + ")");
  }
  std::vector<VideoFile> files;
  for (const auto& entry : entries) {
    if (!entry.is_regular_file(error) || !is_video_file(entry.path())) continue;
    files.push_back({entry.path().stem().string(), entry.path().string(), {}});
    files.back().text = read_text(entry.path());
  }
  return sorted(folder, std::move(files));
}

std::vector<VideoFile> video_files_of(const fs::path& path, std::vector<UnpackedFile> unpacked) {
  std::vector<VideoFile> files;
  for (UnpackedFile& file : unpacked) {
    const fs::path name(file.name);
    if (!is_video_file(name)) continue;
    files.push_back({name.stem().string(), (path / name).string(), std::move(file.text)});
  }
  return sorted(path, std::move(files));
}

std::string_view first_line(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

SubmissionTask task_of(const VideoFile& file) {
  const std::string_view header = first_line(file.text);
  if (const auto task = task_of_video_header(header)) return *task;
  const bool of_all = task_of_header(header).has_value();
  if (of_all || is_video_list(file.text)) {
    file.fail(1, shown(header),
              concat("this file is ", of_all ? "a template of all videos" : "a list of videos",
                     ", expected one video's; give one such file alone, not its folder"));
  }
  file.fail(1, shown(header),
            "expected the annotations' header of EXPR, AU or VA, such as valence,arousal");
}

std::vector<std::string_view> rows_of(const VideoFile& file) {
  std::vector<std::string_view> lines = lines_of(file.text);
  if (!lines.empty()) lines.erase(lines.begin());
  const auto is_blank = [](std::string_view line) { return trim(line).empty(); };
  if (std::ranges::all_of(lines, is_blank)) return lines;
  while (is_blank(lines.back())) lines.pop_back();
  return lines;
}

std::string video_header(SubmissionTask task) {
  const std::string header = official_header(task);
  return header.substr(header.find(',') + 1);
}

}  // namespace mien
