// Rows of a table in a text file: CSV (RFC 4180), or the same with tabs or semicolons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mien/core/text_file.h"

namespace mien {

/// Reads a table row by row. The separator is the one of comma, tab and semicolon that the first
/// line has most of. A byte order mark, CRLF, a missing last line end, blank lines and blanks
/// around a field are accepted, quoted fields may hold separators and line ends. Views live until
/// the next row.
class CsvReader {
 public:
  /// Opens the file (packed as .gz or .zip too) and reads its header. Throws InputError when the
  /// file is empty, has no table in it, or names a column twice.
  explicit CsvReader(std::filesystem::path path);

  const std::vector<std::string>& columns() const { return columns_; }

  /// Goes to the next row that is not blank; false at the end. Throws InputError for a row with
  /// another number of fields than the header, and for a quote that is never closed.
  bool next();

  std::int64_t line() const { return line_; }  ///< where the row starts; the header is line 1
  std::string_view field(std::size_t column) const { return fields_[column]; }

  /// Throws InputError `<file>:<line>: <column> = <value>: <expected>` about the current row.
  [[noreturn]] void fail(std::size_t column, const std::string& expected,
                         const std::string& suggestion = {}) const;

 private:
  bool read_row();
  std::string_view quoted_field();
  std::string_view plain_field();

  std::filesystem::path path_;
  TextFile file_;
  std::string_view rest_;
  char separator_ = ',';
  std::int64_t line_ = 0, next_line_ = 1;
  std::vector<std::string> columns_;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  ///< fields with doubled quotes
};

}  // namespace mien
