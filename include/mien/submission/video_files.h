// The 3rd edition's format: a folder (or a .zip of it) with one <video>.txt a video, annotation
// headers, line i + 1 for frame i, no column of image locations. EXPR, AU and VA.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mien/scoring/submission_format.h"

namespace mien {

/// One video's file of such a folder.
struct VideoFile {
  std::string video;
  std::string path;  ///< for messages: of the file, inside a .zip too
  std::string text;

  /// Throws InputError `<path> line <n>[, field] = <value>: <expected>`; the header is line 1.
  [[noreturn]] void fail(std::size_t line, const std::string& value, const std::string& expected,
                         const std::string& field = {}) const;
};

/// Whether `path` is a folder, or a .zip with several files or one in this format.
bool holds_video_files(const std::filesystem::path& path);

/// All .txt files in byte order of the videos' names, hidden ones and other files left out. Throws
/// InputError when there is none.
std::vector<VideoFile> read_video_files(const std::filesystem::path& path);

/// The task that the file's header names; throws InputError when it names none.
SubmissionTask task_of(const VideoFile& file);

}  // namespace mien
