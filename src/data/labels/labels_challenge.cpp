#include "labels/labels_challenge.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "folder_entries.h"
#include "labels/label_text.h"
#include "mien/core/files.h"
#include "mien/core/log.h"
#include "mien/core/mapped_file.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".txt";

std::string without_blanks(std::string_view line) {
  std::vector<std::string> fields;
  for (const std::string_view field : split(line, ',')) fields.emplace_back(trim(field));
  return join(fields, ",");
}

void check_header(const fs::path& file, const std::vector<std::string_view>& lines,
                  const Task& task) {
  const std::string expected = label_header(task);
  const std::string_view found = lines.empty() ? std::string_view() : lines.front();
  if (without_blanks(found) != expected) {
    throw line_error(file, 1, found, "expected the header " + expected);
  }
}

VideoLabels read_video(const fs::path& file, const Task& task) {
  const MappedFile mapped(file);
  const auto lines =
      label_lines({reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size()});
  check_header(file, lines, task);
  const std::size_t rows = lines.size() - 1, columns = label_columns(task);
  VideoLabels labels{file.stem().string(), {}, {}};
  labels.frames.resize(rows);
  labels.values.resize(rows * columns);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string_view line = lines[row + 1];
    const auto commas = static_cast<std::size_t>(std::count(line.begin(), line.end(), ','));
    std::string_view rest = line;
    if (commas + 1 != columns ||
        !take_labels(task, rest, std::span(labels.values).subspan(row * columns, columns))) {
      throw line_error(file, row + 2, line, "expected " + legal_labels(task));
    }
    labels.frames[row] = static_cast<std::int32_t>(row + 1);
  }
  return labels;
}

/// The first names of a list.
std::string first_of(std::vector<std::string> names) {
  constexpr std::size_t kNamed = 5;
  const std::size_t more = names.size() - std::min(names.size(), kNamed);
  names.resize(names.size() - more);
  return join(names) + (more > 0 ? concat(" and ", more, " more") : "");
}

fs::path split_folder(const fs::path& folder, Split split) {
  const fs::path path = folder / (split == Split::kTrain ? "Train_Set" : "Validation_Set");
  const std::string expected = concat("the folder of the ", split_name(split), " labels");
  require_exists(path, "annotations", expected);
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    throw InputError("annotations", path.string(), "expected " + expected);
  }
  return path;
}

}  // namespace

LabelSet read_challenge_folder(const fs::path& folder, const Task& task, Split split) {
  const fs::path path = split_folder(folder, split);
  LabelSet set{.task = task, .split = split};
  std::vector<std::string> others;
  const FolderEntries entries = entries_of(path, "annotations");
  for (const std::string& name : entries.files) {
    if (name.ends_with(kSuffix)) {
      set.files.push_back(path / name);
    } else if (name != "Thumbs.db") {
      others.push_back(name);
    }
  }
  for (const std::string& name : entries.folders) others.push_back(name + "/");
  if (set.files.empty()) {
    throw InputError("annotations", path.string(),
                     concat("expected one <video>.txt a video, found none",
                            others.empty() ? "" : ", but " + first_of(others)));
  }
  if (!others.empty()) {
    log::warn(concat(path.string(), ": not read, no <video>.txt: ", first_of(others)));
  }
  const auto by_video = [](const fs::path& a, const fs::path& b) {
    return a.stem().native() < b.stem().native();
  };
  std::sort(set.files.begin(), set.files.end(), by_video);
  set.videos.reserve(set.files.size());
  for (const fs::path& file : set.files) set.videos.push_back(read_video(file, task));
  return set;
}

}  // namespace mien
