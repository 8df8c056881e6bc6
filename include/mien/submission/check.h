// Is this file what the challenge's server expects? Needs no run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "mien/data/submission_format.h"

namespace mien {

struct CheckSummary {
  SubmissionTask task = SubmissionTask::kExpr;
  std::int64_t rows = 0;
  std::int64_t uncounted_videos = 0;  ///< of a list without their numbers of frames
};

/// Throws InputError at the first line of `file` that differs from the template in header, image
/// location or order, that lacks or adds a row, or whose values are not legal; it names the line
/// (the header is line 1), what stands there and what was expected. CRLF, a byte order mark and a
/// missing last line end are fine. Of a template with a file a video (video_files.h) `file` is such
/// a folder or .zip: the videos must be the same too. A list of videos (video_list.h) is such a
/// template without a header, and without a number of rows where it says none.
CheckSummary check_submission(const std::filesystem::path& file,
                              const std::filesystem::path& template_path);

nlohmann::json to_json(const CheckSummary& summary);

/// What can be said of a submission, a template or a list of videos on its own, for `mien inspect`.
struct SubmissionFacts {
  std::string layout;                  ///< for people
  std::optional<SubmissionTask> task;  ///< a list has none
  std::int64_t rows = 0;
  std::int64_t videos = 0;
  std::int64_t rows_without_values = 0;  ///< all of them: a template
  std::int64_t uncounted_videos = 0;     ///< as in CheckSummary
};

/// Of a file or folder, packed or not. Throws InputError at the first line that is no row, or whose
/// values are there but not legal.
SubmissionFacts inspect_submission(const std::filesystem::path& path);

nlohmann::json to_json(const SubmissionFacts& facts);

}  // namespace mien
