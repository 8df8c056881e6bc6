#include "mien/submission/check.h"

#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "mien/core/text.h"
#include "mien/scoring/submission_reader.h"

namespace mien {
namespace {

constexpr std::size_t kMostColumns = 3 + kActionUnits;

void require_same_header(const SubmissionReader& file, const SubmissionReader& form) {
  if (trim(file.header()) == trim(form.header())) return;
  std::string expected = "expected the template's header, " + shown(form.header());
  if (file.task() != form.task()) {
    expected += concat(" (this file is of task ", submission_task_name(file.task()),
                       ", the template of ", submission_task_name(form.task()), ")");
  }
  file.fail(shown(file.header()), expected);
}

/// `form` stands at the row that the file's should be.
void require_same_location(const SubmissionReader& file, const SubmissionReader& form) {
  if (file.location() == form.location()) return;
  file.fail(shown(file.location()), concat("expected ", shown(form.location()),
                                           ", as in the template's line ", form.line()));
}

void require_end(SubmissionReader& file, bool has_row, std::int64_t rows) {
  const std::string expected =
      concat("expected the end of the file, the template has ", with_thousands(rows), " rows");
  if (has_row) file.fail(shown(file.location()), expected);
  if (file.first_blank_line() != 0) {
    file.fail_at(file.first_blank_line(), "(empty line)", expected);
  }
}

[[noreturn]] void fail_at_end(const SubmissionReader& file, const SubmissionReader& form) {
  const bool blank = file.first_blank_line() != 0;
  const std::int64_t line = blank ? file.first_blank_line() : file.line() + 1;
  file.fail_at(
      line, blank ? "(empty line)" : "(end of file)",
      concat("expected ", shown(form.location()), ", as in the template's line ", form.line()));
}

}  // namespace

CheckSummary check_submission(const std::filesystem::path& file,
                              const std::filesystem::path& form) {
  SubmissionReader wanted(form);
  SubmissionReader found(file);
  require_same_header(found, wanted);
  std::array<double, kMostColumns> storage{};
  const auto values = std::span(storage).first(submission_columns(wanted.task()));
  CheckSummary summary{wanted.task(), 0};
  while (wanted.next()) {
    if (!found.next()) fail_at_end(found, wanted);
    require_same_location(found, wanted);
    found.read_values(values);
    ++summary.rows;
  }
  require_end(found, found.next(), summary.rows);
  return summary;
}

SubmissionFacts inspect_submission(const std::filesystem::path& file) {
  SubmissionReader reader(file);
  std::array<double, kMostColumns> storage{};
  const auto values = std::span(storage).first(submission_columns(reader.task()));
  SubmissionFacts facts{reader.task(), 0, 0, 0};
  std::unordered_set<std::string_view> videos;
  std::string_view last;
  while (reader.next()) {
    ++facts.rows;
    if (facts.rows == 1 || reader.image().video != last) {
      last = reader.image().video;
      videos.insert(last);
    }
    if (reader.has_values_text()) {
      reader.read_values(values);
    } else {
      ++facts.rows_without_values;
    }
  }
  facts.videos = static_cast<std::int64_t>(videos.size());
  return facts;
}

nlohmann::json to_json(const CheckSummary& summary) {
  return {{"task", submission_task_name(summary.task)}, {"rows", summary.rows}};
}

nlohmann::json to_json(const SubmissionFacts& facts) {
  return {{"task", submission_task_name(facts.task)},
          {"rows", facts.rows},
          {"videos", facts.videos},
          {"rows_without_values", facts.rows_without_values}};
}

}  // namespace mien
