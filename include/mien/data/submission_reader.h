// One pass over a prediction file or template, a row at a time, without a copy of its text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "mien/core/text_file.h"
#include "mien/data/submission_format.h"

namespace mien {

/// Files packed as .gz or .zip are read too. A byte order mark, CRLF and a missing last line end
/// are accepted. Views live as long as the reader. Every error names the file and the line (the
/// header is line 1).
class SubmissionReader {
 public:
  /// Opens the file and reads its header. Throws InputError when the file is empty or the first
  /// line is no known header.
  explicit SubmissionReader(std::filesystem::path path);
  /// The same of a text that is open already; `path` is what errors name.
  SubmissionReader(std::filesystem::path path, TextFile text);

  SubmissionTask task() const { return task_; }
  std::string_view header() const { return header_; }

  /// Goes to the next row; false at the end. Empty lines at the end of the file are no rows; one
  /// before a row, or a row that does not start with an image location, throws InputError.
  bool next();

  std::int64_t line() const { return line_; }  ///< of the row, or the last one at the end
  std::string_view location() const { return location_; }  ///< as written, before the first comma
  const ImageLocation& image() const { return image_; }
  std::string_view values_text() const { return values_; }  ///< after the first comma
  bool has_values_text() const { return values_.find_first_not_of(", \t") != values_.npos; }

  /// The row's legal values, submission_columns(task()) of them; throws InputError otherwise.
  void read_values(std::span<double> values) const;

  /// The first of the empty lines at the end of the file, 0 when there is none. After the end only.
  std::int64_t first_blank_line() const { return blank_line_; }

  /// Throws InputError `<file> line <n>[, field] = <value>: <expected>` about the current row.
  [[noreturn]] void fail(const std::string& value, const std::string& expected,
                         const std::string& field = {}) const;
  [[noreturn]] void fail_at(std::int64_t line, const std::string& value,
                            const std::string& expected, const std::string& field = {}) const;

 private:
  bool read_line(std::string_view& text);
  void read_header();
  void read_row(std::string_view row);

  std::filesystem::path path_;
  TextFile file_;
  std::string_view rest_;
  SubmissionTask task_ = SubmissionTask::kExpr;
  std::string_view header_, location_, values_;
  ImageLocation image_;
  std::int64_t line_ = 0, blank_line_ = 0;
};

}  // namespace mien
