#include "labels/labels_multitask.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "frame_numbers.h"
#include "labels/label_text.h"
#include "mien/core/files.h"
#include "mien/core/mapped_file.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// The order of the columns behind the image.
const std::array<Task, 3>& order_of_columns() {
  static const std::array<Task, 3> kOrder = {va_task(), expr_task(), au_task()};
  return kOrder;
}

constexpr std::size_t kValues = 2 + 1 + kActionUnits;

struct Row {
  std::string_view video;
  std::int32_t frame = 0;
  std::size_t line = 0;
  std::array<double, kValues> values{};
};

bool same_image(const Row& a, const Row& b) {
  return a.video == b.video && a.frame == b.frame;
}

/// `video/00001.jpg`
bool read_image(std::string_view image, Row& row) {
  const std::size_t slash = image.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const std::string_view name = image.substr(slash + 1);
  const auto number = number_in_name(name);
  if (!number || *number > kLastFrame || name.find('/') != std::string_view::npos) return false;
  row.video = image.substr(0, slash);
  row.frame = static_cast<std::int32_t>(*number);
  return true;
}

/// Throws the error about the first thing wrong with the line.
Row read_row(const fs::path& file, std::size_t number, std::string_view line) {
  const auto fields = static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) + 1;
  if (fields != kValues + 1) {
    throw line_error(file, number, line,
                     concat("expected ", kValues + 1, " fields, found ", fields));
  }
  Row row;
  row.line = number;
  std::string_view rest = line;
  if (!read_image(take_field(rest), row)) {
    throw line_error(file, number, line, "expected an image such as video/00001.jpg first");
  }
  std::span<double> values = row.values;
  for (const Task& task : order_of_columns()) {
    if (!take_labels(task, rest, values.first(label_columns(task)))) {
      throw line_error(file, number, line,
                       concat(task_name(task), ": expected ", legal_labels(task)));
    }
    values = values.subspan(label_columns(task));
  }
  return row;
}

void require_header(const fs::path& file, const std::vector<std::string_view>& lines) {
  Row ignored;
  std::string_view first = lines.empty() ? std::string_view() : lines.front();
  const std::string_view line = first;
  if (trim(line).empty() || read_image(take_field(first), ignored)) {
    throw line_error(file, 1, line,
                     "expected a header such as image,valence,arousal,expression,aus");
  }
}

/// Sorted by video and frame, each image once.
std::vector<Row> unique_rows(const fs::path& file, const std::vector<std::string_view>& lines) {
  std::vector<Row> rows;
  rows.reserve(lines.size());
  for (std::size_t i = 1; i < lines.size(); ++i) rows.push_back(read_row(file, i + 1, lines[i]));
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.video != b.video ? a.video < b.video : a.frame < b.frame;
  });
  const auto end = std::unique(rows.begin(), rows.end(), [&](const Row& first, const Row& next) {
    if (!same_image(first, next)) return false;
    if (!same_values(first.values, next.values)) {
      throw line_error(file, next.line, lines[next.line - 1],
                       concat("contradicts line ", first.line, " about the same image"));
    }
    return true;
  });
  rows.erase(end, rows.end());
  return rows;
}

std::size_t first_column(const Task& task) {
  std::size_t column = 0;
  for (const Task& other : order_of_columns()) {
    if (other == task) break;
    column += label_columns(other);
  }
  return column;
}

}  // namespace

fs::path multitask_list(const fs::path& folder, Split split) {
  return folder / (split == Split::kTrain ? "training_set_annotations.txt"
                                          : "validation_set_annotations.txt");
}

LabelSet read_multitask_list(const fs::path& file, const Task& task, Split split) {
  require_exists(file, "annotations",
                 concat("the multi-task list of the ", split_name(split), " set"));
  const MappedFile mapped(file);
  const auto lines =
      label_lines({reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size()});
  require_header(file, lines);
  LabelSet set{.task = task, .split = split, .files = {file}};
  for (const Row& row : unique_rows(file, lines)) {
    if (set.videos.empty() || set.videos.back().video != row.video) {
      set.videos.push_back({std::string(row.video), {}, {}});
    }
    VideoLabels& labels = set.videos.back();
    const double* values = row.values.data() + first_column(task);
    labels.frames.push_back(row.frame);
    labels.values.insert(labels.values.end(), values, values + label_columns(task));
  }
  return set;
}

}  // namespace mien
