#include "mien/data/submission_format.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace {

constexpr std::array kSubmissionTasks = {SubmissionTask::kExpr, SubmissionTask::kAu,
                                         SubmissionTask::kVa, SubmissionTask::kCe,
                                         SubmissionTask::kMtl};

template <std::size_t N>
std::string header_of(const std::array<const char*, N>& names) {
  std::string line = "image_location";
  for (const char* name : names) line += std::string(",") + name;
  return line;
}

/// Names of a header for comparison: lower case, trimmed, one name for the first column.
std::string normalised(std::string_view line) {
  std::string out;
  for (const std::string_view name : split(line, ',')) {
    out += out.empty() ? std::string() : std::string(",");
    out += lower(trim(name));
  }
  if (out.starts_with("image,")) out.insert(std::string_view("image").size(), "_location");
  return out;
}

bool is_image_ending(std::string_view ending) {
  const std::string low = lower(ending);
  return low == ".jpg" || low == ".jpeg" || low == ".png";
}

/// EXPR's classes in the order of kCompoundNames (formats.md section 3).
constexpr std::array<std::pair<std::size_t, std::size_t>, kCompounds> kCompoundParts = {
    {{3, 6}, {4, 6}, {5, 6}, {2, 6}, {1, 6}, {5, 3}, {5, 1}}};

}  // namespace

std::string submission_task_name(SubmissionTask task) {
  switch (task) {
    case SubmissionTask::kExpr:
      return "expr";
    case SubmissionTask::kAu:
      return "au";
    case SubmissionTask::kVa:
      return "va";
    case SubmissionTask::kCe:
      return "ce";
    case SubmissionTask::kMtl:
      break;
  }
  return "mtl";
}

SubmissionTask submission_task_from_name(std::string_view name, const std::string& what) {
  std::vector<std::string> names;
  for (const SubmissionTask task : kSubmissionTasks) {
    names.push_back(submission_task_name(task));
    if (names.back() == name) return task;
  }
  throw InputError(what, shown(name), "expected one of " + join(names), nearest_match(name, names));
}

std::string labelled_submission_tasks() {
  std::vector<std::string> names;
  for (const SubmissionTask task : kSubmissionTasks) {
    if (!parts_of(task).empty()) names.push_back(submission_task_name(task));
  }
  const std::string last = names.back();
  names.pop_back();
  return join(names) + " or " + last;
}

std::size_t submission_columns(SubmissionTask task) {
  switch (task) {
    case SubmissionTask::kAu:
      return kActionUnits;
    case SubmissionTask::kVa:
      return 2;
    case SubmissionTask::kMtl:
      return 3 + kActionUnits;
    case SubmissionTask::kExpr:
    case SubmissionTask::kCe:
      break;
  }
  return 1;
}

std::vector<SubmissionPart> parts_of(SubmissionTask task) {
  switch (task) {
    case SubmissionTask::kExpr:
      return {{expr_task(), 0, 1}};
    case SubmissionTask::kAu:
      return {{au_task(), 0, kActionUnits}};
    case SubmissionTask::kVa:
      return {{va_task(), 0, 2}};
    case SubmissionTask::kMtl:
      return {{expr_task(), 2, 1}, {au_task(), 3, kActionUnits}, {va_task(), 0, 2}};
    case SubmissionTask::kCe:
      break;
  }
  return {};
}

std::string official_header(SubmissionTask task) {
  switch (task) {
    case SubmissionTask::kExpr:
      return header_of(kExpressionNames);
    case SubmissionTask::kAu:
      return header_of(kActionUnitNames);
    case SubmissionTask::kVa:
      return "image_location,valence,arousal";
    case SubmissionTask::kCe:
      return header_of(kCompoundNames);
    case SubmissionTask::kMtl:
      break;
  }
  return "image,valence,arousal,expression,aus";
}

std::optional<SubmissionTask> task_of_header(std::string_view line) {
  // A real header is short; binary junk without line ends is not worth comparing.
  if (line.size() > 1000) return std::nullopt;
  const std::string names = normalised(line);
  for (const SubmissionTask task : kSubmissionTasks) {
    if (names == normalised(official_header(task))) return task;
  }
  if (names ==
      "image_location,valence,arousal,expression," +
          lower(header_of(kActionUnitNames).substr(std::string("image_location,").size()))) {
    return SubmissionTask::kMtl;
  }
  return std::nullopt;
}

std::optional<SubmissionTask> task_of_video_header(std::string_view line) {
  const auto task = task_of_header("image_location," + std::string(line));
  const bool has_videos =
      task == SubmissionTask::kExpr || task == SubmissionTask::kAu || task == SubmissionTask::kVa;
  return has_videos ? task : std::nullopt;
}

std::optional<ImageLocation> parse_location(std::string_view text) {
  text = trim(text);
  const std::size_t slash = text.rfind('/');
  const std::size_t dot = text.rfind('.');
  if (slash == std::string_view::npos || slash == 0 || dot == std::string_view::npos ||
      dot < slash || !is_image_ending(text.substr(dot))) {
    return std::nullopt;
  }
  const std::string_view stem = text.substr(slash + 1, dot - slash - 1);
  std::size_t first = stem.size();
  while (first > 0 && stem[first - 1] >= '0' && stem[first - 1] <= '9') --first;
  std::int64_t frame = 0;
  if (!parse_integer(stem.substr(first), frame) ||
      frame > std::numeric_limits<std::int32_t>::max()) {
    return std::nullopt;
  }
  return ImageLocation{text.substr(0, slash), static_cast<std::int32_t>(frame)};
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  constexpr const char* kDigits = "0123456789abcdef";
  if (text.empty()) return "(empty)";
  std::string out;
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += std::string("\\x") + kDigits[byte >> 4] + kDigits[byte & 15];
    }
  }
  return text.size() > kLongest ? out + "..." : out;
}

std::size_t compound_of(std::span<const float> expr) {
  std::size_t best = 0;
  double best_sum = -1;
  for (std::size_t c = 0; c < kCompounds; ++c) {
    const auto [first, second] = kCompoundParts[c];
    const double sum = static_cast<double>(expr[first]) + static_cast<double>(expr[second]);
    if (sum > best_sum) {
      best = c;
      best_sum = sum;
    }
  }
  return best;
}

}  // namespace mien
