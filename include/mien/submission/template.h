// The file that says which frames a submission must answer, and in which order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mien/scoring/submission_reader.h"

namespace mien {

struct TemplateRow {
  std::string_view location;  ///< exactly as written
  std::uint32_t video = 0;    ///< index into Template::videos
  std::int32_t frame = 0;
};

/// Rows in the order of the file, duplicates kept; values that stand in it are ignored. Owns the
/// file that the rows point into.
struct Template {
  SubmissionTask task = SubmissionTask::kExpr;
  std::string header;
  std::vector<std::string> videos;  ///< in order of first appearance
  std::vector<TemplateRow> rows;

  std::unique_ptr<SubmissionReader> text;  ///< keeps `rows` valid
};

/// Throws InputError that names file and line (the header is line 1) when there is no known header,
/// a row does not start with an image location, or there are no rows.
Template read_template(const std::filesystem::path& path);

}  // namespace mien
