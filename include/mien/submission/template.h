// The file that says which frames a submission must answer, and in which order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/submission/form.h"

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
  std::size_t counted_videos = 0;   ///< whose rows a bank counted, not the template
  std::vector<TemplateRow> rows;

  std::unique_ptr<SubmissionReader> text;  ///< keeps `rows` valid
};

/// Of rows or a file a video. Throws InputError that names file and line (the header is line 1)
/// when a row does not start with an image location, the files are of several tasks, or there are
/// no rows.
Template read_template(Form form, const std::filesystem::path& path);
/// The same of a file, packed or not, or a folder that is opened here.
Template read_template(const std::filesystem::path& path);

/// The template that a list of videos stands for: a file a video, of `task` (EXPR, AU or VA), whose
/// rows are as many as the list says, or else up to the last frame that a bank knows, with an
/// embedding or a failure. Throws InputError for another task, and for a video without a number of
/// frames that no bank has.
Template template_of(const VideoList& list, SubmissionTask task, const std::vector<Bank>& banks);

}  // namespace mien
