#include "check_files.h"

#include <algorithm>
#include <optional>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// What one video's file must be.
struct WantedFile {
  std::string video;
  std::optional<std::size_t> rows;  ///< nothing: at least one
  std::string as_in;                ///< where that is said
};

struct WantedFiles {
  SubmissionTask task = SubmissionTask::kExpr;
  std::string header;
  std::vector<WantedFile> videos;  ///< in byte order
};

WantedFiles wanted_by(const std::vector<VideoFile>& form) {
  WantedFiles wanted{task_of(form.front()), std::string(trim(first_line(form.front().text))), {}};
  for (const VideoFile& file : form) {
    wanted.videos.push_back({file.video, rows_of(file).size(), file.path});
  }
  return wanted;
}

/// The list has no header: all files have that of the first.
WantedFiles wanted_by(const VideoList& list, const std::vector<VideoFile>& found) {
  const SubmissionTask task = task_of(found.front());
  WantedFiles wanted{task, video_header(task), {}};
  for (const ListedVideo& video : list.videos) {
    const auto rows = static_cast<std::size_t>(video.frames);
    wanted.videos.push_back({video.video, rows > 0 ? std::optional(rows) : std::nullopt,
                             concat(list.path.string(), " line ", video.line)});
  }
  std::ranges::sort(wanted.videos, {}, &WantedFile::video);
  return wanted;
}

void require_header(const VideoFile& file, const std::string& header) {
  const std::string_view found = first_line(file.text);
  if (!file.text.empty() && trim(found) == header) return;
  file.fail(1, file.text.empty() ? "(empty file)" : shown(found),
            "expected the template's header, " + shown(header));
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
std::int64_t check_video(const VideoFile& file, const WantedFiles& all, const WantedFile& wanted) {
  require_header(file, all.header);
  const std::vector<std::string_view> lines = lines_of(file.text);
  const std::size_t rows = wanted.rows.value_or(std::max<std::size_t>(2, lines.size()) - 1);
  std::vector<double> values(submission_columns(all.task));
  for (std::size_t row = 1; row <= rows; ++row) {
    if (row >= lines.size()) {
      file.fail(row + 1, "(end of file)",
                concat("expected a row for frame ", row, " of ", rows, ", as in ", wanted.as_in));
    }
    require_values(file, all.task, row + 1, lines[row], values);
  }
  if (lines.size() > rows + 1) {
    file.fail(rows + 2, shown(lines[rows + 1]),
              concat("expected the end of the file, the template has ",
                     with_thousands(static_cast<std::int64_t>(rows)), " rows"));
  }
  return static_cast<std::int64_t>(rows);
}

std::vector<VideoFile> files_at(const fs::path& place) {
  std::error_code ignored;
  if (fs::is_directory(place, ignored) || is_zip(place)) {
    Form form = open_form(place);
    if (form.kind == FormKind::kFiles) return std::move(form.files);
  }
  throw InputError("--check", place.string(),
                   "expected a folder (or .zip) with a file a video, as the template is");
}

}  // namespace

CheckSummary check_files(const fs::path& place, const Form& form) {
  const std::vector<VideoFile> found = files_at(place);
  const WantedFiles wanted =
      form.kind == FormKind::kFiles ? wanted_by(form.files) : wanted_by(form.list, found);
  CheckSummary summary{.task = wanted.task};
  for (const WantedFile& video : wanted.videos) {
    const auto match = std::ranges::lower_bound(found, video.video, {}, &VideoFile::video);
    if (match == found.end() || match->video != video.video) {
      throw InputError((place / (video.video + ".txt")).string(), "(missing)",
                       "expected this file, as in " + video.as_in);
    }
    summary.rows += check_video(*match, wanted, video);
    summary.uncounted_videos += !video.rows;
  }
  for (const VideoFile& file : found) {
    if (!std::ranges::binary_search(wanted.videos, file.video, {}, &WantedFile::video)) {
      throw InputError(file.path, "(extra file)",
                       concat("expected the template's ", wanted.videos.size(), " videos only"));
    }
  }
  return summary;
}

}  // namespace mien
