#include "mien/submission/check.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/scoring/submission_reader.h"
#include "mien/submission/template.h"
#include "mien/submission/video_files.h"

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

void require_values(const VideoFile& file, SubmissionTask task, std::size_t line,
                    std::string_view row, std::span<double> values) {
  if (trim(row).empty()) {
    file.fail(line, "(empty line)", concat("expected the values of frame ", line - 1));
  }
  const auto illegal = parse_values(task, row, values);
  if (!illegal) return;
  const bool count = illegal->name == "fields";  // they count an image location
  file.fail(line, count ? std::to_string(split(row, ',').size()) : illegal->value,
            count ? concat("expected ", values.size(), values.size() == 1 ? " value" : " values")
                  : illegal->expected,
            illegal->name);
}

/// Gives the number of rows.
std::int64_t check_video(const VideoFile& file, const VideoFile& form) {
  const SubmissionTask task = task_of(form);
  const std::string_view header = lines_of(form.text).front();
  const std::vector<std::string_view> lines = lines_of(file.text);
  if (lines.empty() || trim(lines.front()) != trim(header)) {
    file.fail(1, lines.empty() ? "(empty file)" : shown(lines.front()),
              "expected the template's header, " + shown(header));
  }
  const std::size_t rows = rows_of(form).size();
  std::array<double, kMostColumns> storage{};
  const auto values = std::span(storage).first(submission_columns(task));
  for (std::size_t row = 1; row <= rows; ++row) {
    if (row >= lines.size()) {
      file.fail(row + 1, "(end of file)",
                concat("expected a row for frame ", row, " of ", rows, ", as in ", form.path));
    }
    require_values(file, task, row + 1, lines[row], values);
  }
  if (lines.size() > rows + 1) {
    file.fail(rows + 2, shown(lines[rows + 1]),
              concat("expected the end of the file, the template has ",
                     with_thousands(static_cast<std::int64_t>(rows)), " rows"));
  }
  return static_cast<std::int64_t>(rows);
}

CheckSummary check_files(const std::filesystem::path& place, const std::filesystem::path& form) {
  if (!holds_video_files(place)) {
    throw InputError("--check", place.string(),
                     "expected a folder (or .zip) with a file a video, as the template is");
  }
  const std::vector<VideoFile> wanted = read_video_files(form), found = read_video_files(place);
  CheckSummary summary{task_of(wanted.front()), 0};
  const auto name_of = [&place](const std::string& video) {
    return (place / (video + ".txt")).string();
  };
  for (const VideoFile& file : wanted) {
    const auto match = std::ranges::lower_bound(found, file.video, {}, &VideoFile::video);
    if (match == found.end() || match->video != file.video) {
      throw InputError(name_of(file.video), "(missing)", "expected this file, as in the template");
    }
    summary.rows += check_video(*match, file);
  }
  for (const VideoFile& file : found) {
    if (!std::ranges::binary_search(wanted, file.video, {}, &VideoFile::video)) {
      throw InputError(file.path, "(extra file)",
                       concat("expected the template's ", wanted.size(), " videos only"));
    }
  }
  return summary;
}

}  // namespace

CheckSummary check_submission(const std::filesystem::path& file,
                              const std::filesystem::path& form) {
  if (holds_video_files(form)) return check_files(file, form);
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
