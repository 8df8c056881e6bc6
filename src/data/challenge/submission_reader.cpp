#include "mien/data/submission_reader.h"

#include <vector>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {

SubmissionReader::SubmissionReader(std::filesystem::path path)
    : SubmissionReader(path, TextFile(path)) {}

SubmissionReader::SubmissionReader(std::filesystem::path path, TextFile text)
    : path_(std::move(path)), file_(std::move(text)) {
  rest_ = file_.text();
  if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  read_header();
}

bool SubmissionReader::read_line(std::string_view& text) {
  if (rest_.empty()) return false;
  const std::size_t end = rest_.find('\n');
  text = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  ++line_;
  return true;
}

void SubmissionReader::read_header() {
  if (!read_line(header_)) {
    throw InputError(path_.string(), "(empty file)",
                     "expected a header line such as " + official_header(SubmissionTask::kVa));
  }
  if (const auto task = task_of_header(header_)) {
    task_ = *task;
    return;
  }
  if (parse_location(header_.substr(0, header_.find(',')))) {
    fail(shown(header_),
         "expected a header line before the rows, such as " + official_header(SubmissionTask::kVa));
  }
  if (task_of_video_header(header_)) {
    fail(shown(header_),
         "this is one video's file of a folder of files (3rd edition), expected that folder, or a "
         "file of all videos with image locations");
  }
  std::vector<std::string> known;
  for (const auto task : {SubmissionTask::kExpr, SubmissionTask::kAu, SubmissionTask::kVa,
                          SubmissionTask::kCe, SubmissionTask::kMtl}) {
    known.push_back(official_header(task));
  }
  const std::string near = header_.size() < 300 ? nearest_match(header_, known) : std::string();
  throw InputError(concat(path_.string(), " line 1"), shown(header_),
                   "expected the header of an EXPR, AU, VA, CE or multi-task file", near);
}

bool SubmissionReader::next() {
  std::string_view text;
  if (!read_line(text)) return false;
  if (!trim(text).empty()) {
    read_row(text);
    return true;
  }
  const std::int64_t first_blank = line_;
  while (read_line(text)) {
    if (trim(text).empty()) continue;
    fail_at(first_blank, "(empty line)", "expected a row such as video/00001.jpg,...");
  }
  blank_line_ = first_blank;
  return false;
}

void SubmissionReader::read_row(std::string_view row) {
  const std::size_t comma = row.find(',');
  location_ = row.substr(0, comma);
  values_ = comma == std::string_view::npos ? std::string_view() : row.substr(comma + 1);
  const auto image = parse_location(location_);
  if (!image)
    fail(shown(row),
         "expected a row that starts with an image location such as "
         "video/00001.jpg");
  image_ = *image;
}

void SubmissionReader::read_values(std::span<double> values) const {
  if (const auto illegal = parse_values(task_, values_, values)) {
    fail(illegal->value, illegal->expected, illegal->name);
  }
}

void SubmissionReader::fail(const std::string& value, const std::string& expected,
                            const std::string& field) const {
  fail_at(line_, value, expected, field);
}

void SubmissionReader::fail_at(std::int64_t line, const std::string& value,
                               const std::string& expected, const std::string& field) const {
  std::string what = concat(path_.string(), " line ", line);
  if (!field.empty()) what += ", " + field;
  throw InputError(what, value, expected);
}

SubmissionTask submission_task_of_file(const std::filesystem::path& path) {
  return SubmissionReader(path).task();
}

}  // namespace mien
