#include "mien/core/csv_reader.h"

#include <algorithm>
#include <set>

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMostColumns = 100'000;

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  if (text.empty()) return "(empty)";
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '?';
  }
  return text.size() > kLongest ? out + "..." : out;
}

char separator_of(std::string_view first_line) {
  char best = ',';
  std::ptrdiff_t most = std::ranges::count(first_line, ',');
  for (const char other : {'\t', ';'}) {
    const std::ptrdiff_t count = std::ranges::count(first_line, other);
    if (count > most) {
      most = count;
      best = other;
    }
  }
  return best;
}

}  // namespace

CsvReader::CsvReader(std::filesystem::path path) : path_(std::move(path)), file_(path_) {
  rest_ = file_.text();
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  if (rest_.find('\0') != std::string_view::npos) {
    throw InputError("labels", path_.string(), "is not text (it holds zero bytes), expected CSV");
  }
  separator_ = separator_of(rest_.substr(0, rest_.find('\n')));
  if (!read_row()) {
    throw InputError("labels", path_.string(), "is empty, expected a header and rows");
  }
  std::set<std::string> seen;
  for (const std::string_view field : fields_) {
    columns_.emplace_back(field);
    if (!field.empty() && !seen.insert(columns_.back()).second) {
      throw InputError(concat(path_.string(), ":1"), shown(field),
                       "is the name of two columns, expected each once");
    }
  }
}

std::string_view CsvReader::plain_field() {
  const std::size_t end = rest_.find_first_of(separator_ == ','   ? ",\n"
                                              : separator_ == ';' ? ";\n"
                                                                  : "\t\n");
  const std::string_view field = rest_.substr(0, end);
  rest_.remove_prefix(field.size());
  return trim(field);
}

std::string_view CsvReader::quoted_field() {
  rest_.remove_prefix(1);
  std::size_t end = 0;
  bool doubled = false;
  for (;; end += 2) {
    end = rest_.find('"', end);
    if (end == std::string_view::npos) {
      throw InputError(concat(path_.string(), ":", line_), shown(rest_.substr(0, 40)),
                       "has a quote that is never closed");
    }
    if (end + 1 >= rest_.size() || rest_[end + 1] != '"') break;
    doubled = true;
  }
  const std::string_view raw = rest_.substr(0, end);
  next_line_ += std::ranges::count(raw, '\n');
  rest_.remove_prefix(end + 1);
  const std::string_view behind = plain_field();
  if (!behind.empty()) {
    throw InputError(concat(path_.string(), ":", line_), shown(behind),
                     "stands behind a closing quote, expected a separator");
  }
  if (!doubled) return raw;
  std::string& text = unquoted_.emplace_back();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    text += raw[i];
    if (raw[i] == '"') ++i;
  }
  return text;
}

bool CsvReader::read_row() {
  fields_.clear();
  unquoted_.clear();
  while (!rest_.empty()) {
    line_ = next_line_;
    for (;;) {
      const std::size_t blanks = rest_.find_first_not_of(separator_ == '\t' ? " " : " \t");
      const bool quoted = blanks != std::string_view::npos && rest_[blanks] == '"';
      if (quoted) rest_.remove_prefix(blanks);
      fields_.push_back(quoted ? quoted_field() : plain_field());
      if (fields_.size() > kMostColumns) {
        throw InputError(concat(path_.string(), ":", line_), "the line",
                         concat("has over ", kMostColumns, " fields"));
      }
      if (rest_.empty() || rest_.front() == '\n') break;
      rest_.remove_prefix(1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    ++next_line_;
    if (fields_.size() > 1 || !fields_.front().empty()) return true;
    fields_.clear();
  }
  return false;
}

bool CsvReader::next() {
  if (!read_row()) return false;
  if (fields_.size() == columns_.size()) return true;
  throw InputError(concat(path_.string(), ":", line_), concat(fields_.size(), " fields"),
                   concat("expected ", columns_.size(), ", as the header has"));
}

void CsvReader::fail(std::size_t column, const std::string& expected,
                     const std::string& suggestion) const {
  throw InputError(concat(path_.string(), ":", line_, ": ", columns_[column]),
                   shown(fields_[column]), expected, suggestion);
}

}  // namespace mien
