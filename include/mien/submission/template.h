// The file that says which frames a submission must answer, and in which order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mien/scoring/submission_reader.h"
#include "mien/submission/video_files.h"

namespace mien {

enum class TemplateLayout {
  kOneFile,     ///< a row is an image location and its values
  kFileAVideo,  ///< video_files.h
};

struct TemplateRow {
  std::string_view location;  ///< exactly as written; empty in a file a video
  std::uint32_t video = 0;    ///< index into Template::videos
  std::int32_t frame = 0;
};

/// Rows in the order of the file, duplicates kept; values that stand in it are ignored. Owns the
/// file that the rows point into.
struct Template {
  SubmissionTask task = SubmissionTask::kExpr;
  TemplateLayout layout = TemplateLayout::kOneFile;
  std::string header;
  std::vector<std::string> videos;  ///< in order of first appearance; files in byte order
  std::vector<TemplateRow> rows;

  std::unique_ptr<SubmissionReader> text;  ///< keeps `rows` valid
};

/// The rows of one video's file as a template has them: what follows the header, without the empty
/// lines at the end unless all are empty (values left out). Views into the file's text.
std::vector<std::string_view> rows_of(const VideoFile& file);

/// `path`: a file, packed or not, or a folder of files (video_files.h). Throws InputError that
/// names file and line (the header is line 1) when there is no known header, a row does not start
/// with an image location, or there are no rows.
Template read_template(const std::filesystem::path& path);

}  // namespace mien
