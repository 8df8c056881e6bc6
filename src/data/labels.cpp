#include "mien/data/labels.h"

#include <algorithm>
#include <array>
#include <optional>

#include "folder_entries.h"
#include "label_root.h"
#include "labels_challenge.h"
#include "labels_multitask.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr std::array<Task, 3> kTasks = {Task::kExpr, Task::kAu, Task::kVa};

[[noreturn]] void refuse_missing_task(const fs::path& root, Task task) {
  const std::vector<std::string> names = challenge_names(task), known = all_challenge_names();
  std::vector<std::string> others = entries_of(root, "annotations").folders;
  std::erase_if(others, [&](const std::string& other) {
    return std::find(known.begin(), known.end(), other) != known.end();
  });
  std::string misspelt;
  for (const std::string& name : names) {
    if (misspelt.empty()) misspelt = nearest_match(name, others);
  }
  throw InputError(
      "annotations", root.string(),
      concat("no labels of the task ", task_name(task), ", expected the folder ",
             join(names, " or "), misspelt.empty() ? "" : concat(" (found ", misspelt, ")")));
}

/// The folder of the annotations, or nothing where annotation_root would throw.
std::optional<fs::path> annotation_root_or_none(const fs::path& root) {
  try {
    return annotation_root(root);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace

std::string split_name(Split split) {
  return split == Split::kTrain ? "train" : "validation";
}

std::span<const double> LabelSet::row(const VideoLabels& video, std::size_t index) const {
  const std::size_t columns = label_columns(task);
  return std::span(video.values).subspan(index * columns, columns);
}

bool is_valid_row(Task task, std::span<const double> row) {
  return std::all_of(row.begin(), row.end(),
                     [task](double value) { return is_valid_value(task, value); });
}

bool is_valid_value(Task task, double value) {
  return task == Task::kVa ? value >= -1 && value <= 1 : value >= 0;
}

LabelSet load_labels(const fs::path& root, Task task, Split split) {
  const fs::path folder = annotation_root(root);
  if (const auto challenge = challenge_folder(folder, task)) {
    return read_challenge_folder(*challenge, task, split);
  }
  if (!holds_multitask_lists(folder)) refuse_missing_task(folder, task);
  return read_multitask_list(multitask_list(folder, split), task, split);
}

bool is_multitask_root(const fs::path& root) {
  const auto folder = annotation_root_or_none(root);
  return folder && holds_multitask_lists(*folder) &&
         std::none_of(kTasks.begin(), kTasks.end(),
                      [&](Task task) { return holds_challenge(*folder, task); });
}

std::vector<Task> tasks_in(const fs::path& root) {
  const auto folder = annotation_root_or_none(root);
  if (!folder) return {};
  if (holds_multitask_lists(*folder)) return {kTasks.begin(), kTasks.end()};
  std::vector<Task> tasks;
  for (const Task task : kTasks) {
    if (holds_challenge(*folder, task)) tasks.push_back(task);
  }
  return tasks;
}

}  // namespace mien
