// The 3rd edition's format: a folder (or a .zip of it) with one <video>.txt a video, annotation
// headers, line i + 1 for frame i, no column of image locations. EXPR, AU and VA.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mien/core/text_file.h"
#include "mien/data/submission_format.h"

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

/// All .txt files in byte order of the videos' names, hidden ones and other files left out. Throws
/// InputError when there is none, or when two are of one video.
std::vector<VideoFile> video_files_in(const std::filesystem::path& folder);
/// The same of what was unpacked from `path`.
std::vector<VideoFile> video_files_of(const std::filesystem::path& path,
                                      std::vector<UnpackedFile> unpacked);

/// The first line, without its end and without a byte order mark.
std::string_view first_line(std::string_view text);

/// The task that the file's header names; throws InputError when it names none.
SubmissionTask task_of(const VideoFile& file);

/// What follows the header, without the empty lines at the end unless all are empty (values left
/// out): a row a frame. Views into the file's text.
std::vector<std::string_view> rows_of(const VideoFile& file);

/// The header of these files, as the annotations have it. EXPR, AU and VA only.
std::string video_header(SubmissionTask task);

}  // namespace mien
