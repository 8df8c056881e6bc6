// The challenge's files of predictions and templates: which there are, and what a row holds.
// Source of the layouts: the templates released with the 6th ABAW competition.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

/// Kinds of files; kMtl holds EXPR, AU and VA in one row, kCe compound expressions.
enum class SubmissionTask { kExpr, kAu, kVa, kCe, kMtl };

inline constexpr std::array<const char*, 7> kCompoundNames = {
    "Fearfully_Surprised", "Happily_Surprised", "Sadly_Surprised", "Disgustedly_Surprised",
    "Angrily_Surprised",   "Sadly_Fearful",     "Sadly_Angry"};
inline constexpr std::size_t kCompounds = kCompoundNames.size();

/// "expr", "au", "va", "ce", "mtl".
std::string submission_task_name(SubmissionTask task);

/// Throws InputError (naming `what`) for any other name; suggests the near miss.
SubmissionTask submission_task_from_name(std::string_view name, const std::string& what);

/// Those that labels are public for, for help texts: "expr, au, va or mtl".
std::string labelled_submission_tasks();

/// The task of a file, by its header. Throws InputError (naming the file) when it has none.
SubmissionTask submission_task_of_file(const std::filesystem::path& path);

/// Values of a row after the image location: 1, 12, 2, 1, 15.
std::size_t submission_columns(SubmissionTask task);

/// The header line of the released template.
std::string official_header(SubmissionTask task);

/// The task whose header this line is: the first name may be `image_location` or `image`, blanks
/// and letter case do not matter. Nothing when it is no known header.
std::optional<SubmissionTask> task_of_header(std::string_view line);

/// The same for the files of the 3rd edition, one a video, without the column of image locations:
/// their headers are the annotations'. EXPR, AU and VA only.
std::optional<SubmissionTask> task_of_video_header(std::string_view line);

/// `video/00001.jpg`: the video is everything before the last '/', the frame is the number at the
/// end of the file's stem.
struct ImageLocation {
  std::string_view video;
  std::int32_t frame = 0;
};

/// Nothing unless `text` is a location with a video, a frame up to 2^31 - 1 and the ending of an
/// image (.jpg, .jpeg, .png in any case).
std::optional<ImageLocation> parse_location(std::string_view text);

/// A field that is not legal, for an error message.
struct IllegalField {
  std::string name, value, expected;
};

/// Reads a row's values (the text after the first comma) into `values`, which holds
/// submission_columns(task) numbers: EXPR and CE a class index, AU twelve 0 or 1, VA two in [-1,
/// 1], MTL valence, arousal, expression, AUs. Blanks around a field are allowed.
std::optional<IllegalField> parse_values(SubmissionTask task, std::string_view text,
                                         std::span<double> values);

/// A task's values among those of a row.
struct SubmissionPart {
  Task task;
  std::size_t first = 0, count = 0;
};

/// What the files of `task` hold; nothing for compound expressions, which are no task of their own.
std::vector<SubmissionPart> parts_of(SubmissionTask task);

/// `text` fit for a one-line message: cut when long, unprintable bytes as \xNN, "nothing" as
/// (empty).
std::string shown(std::string_view text);

/// Which of the seven compound expressions has the largest sum of its two basic expressions'
/// probabilities (numerics.md, Metrics); the first of equals. `expr` holds 8 probabilities.
std::size_t compound_of(std::span<const float> expr);

}  // namespace mien
