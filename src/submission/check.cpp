#include "mien/submission/check.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "check_files.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

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

CheckSummary check_rows(SubmissionReader& found, SubmissionReader& wanted) {
  require_same_header(found, wanted);
  std::vector<double> values(submission_columns(wanted.task()));
  CheckSummary summary{.task = wanted.task()};
  while (wanted.next()) {
    if (!found.next()) fail_at_end(found, wanted);
    require_same_location(found, wanted);
    found.read_values(values);
    ++summary.rows;
  }
  require_end(found, found.next(), summary.rows);
  return summary;
}

}  // namespace

CheckSummary check_submission(const std::filesystem::path& file,
                              const std::filesystem::path& template_path) {
  const Form form = open_form(template_path);
  if (form.kind != FormKind::kRows) return check_files(file, form);
  SubmissionReader found(file);
  return check_rows(found, *form.rows);
}

nlohmann::json to_json(const CheckSummary& summary) {
  nlohmann::json out = {{"task", submission_task_name(summary.task)}, {"rows", summary.rows}};
  if (summary.uncounted_videos > 0) out["uncounted_videos"] = summary.uncounted_videos;
  return out;
}

}  // namespace mien
