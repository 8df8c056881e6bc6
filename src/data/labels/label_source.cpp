#include "labels/label_source.h"

#include <algorithm>
#include <system_error>

#include "folder_entries.h"
#include "labels/class_folders.h"
#include "labels/label_root.h"
#include "labels/label_table.h"
#include "labels/labels_challenge.h"
#include "labels/labels_multitask.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

InputError missing_task(const fs::path& root, const Task& task) {
  const std::vector<std::string> names = challenge_names(task), known = all_challenge_names();
  std::vector<std::string> others = entries_of(root, "annotations").folders;
  std::erase_if(others, [&](const std::string& other) {
    return std::find(known.begin(), known.end(), other) != known.end();
  });
  std::string misspelt;
  for (const std::string& name : names) {
    if (misspelt.empty()) misspelt = nearest_match(name, others);
  }
  return InputError(
      "annotations", root.string(),
      concat("no labels of the task ", task_name(task),
             names.empty() ? std::string(", which is none of the challenge's")
                           : concat(", expected the folder ", join(names, " or "),
                                    misspelt.empty() ? "" : concat(" (found ", misspelt, ")"))));
}

/// The folder of the challenge's annotations, or nothing where annotation_root would throw.
std::optional<fs::path> annotation_root_or_none(const fs::path& root) {
  try {
    return annotation_root(root);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

std::vector<std::optional<LabelSet>> read_challenge(const fs::path& folder,
                                                    const std::vector<Task>& tasks, Split split,
                                                    std::vector<InputError>& refusals) {
  if (split == Split::kTest) {
    throw InputError("--split", split_name(split),
                     "expected train or validation: the challenge keeps the labels of its test "
                     "set to itself");
  }
  std::vector<std::optional<LabelSet>> sets(tasks.size());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task& task = tasks[t];
    const bool lists = is_challenge_task(task) && holds_multitask_lists(folder);
    if (const auto challenge = challenge_folder(folder, task)) {
      sets[t] = read_challenge_folder(*challenge, task, split);
    } else if (lists) {
      sets[t] = read_multitask_list(multitask_list(folder, split), task, split);
    } else {
      refusals.push_back(missing_task(folder, task));
    }
  }
  return sets;
}

}  // namespace

std::vector<std::optional<LabelSet>> read_source(const LabelSource& source,
                                                 const std::vector<Task>& tasks, Split split,
                                                 std::vector<InputError>& refusals) {
  std::error_code ignored;
  if (is_label_table(source.path) || fs::is_regular_file(source.path, ignored)) {
    require_exists(source.path, "annotations", "a table of labels");
    if (!is_label_table(source.path)) {
      throw InputError("annotations", source.path,
                       "expected a folder, this is a file (a table of labels ends in .csv or "
                       ".tsv)");
    }
    return read_label_table(source, tasks, split, refusals);
  }
  if (fs::is_directory(source.path, ignored) && annotation_roots(source.path).empty() &&
      !folders_with_images(source.path).empty()) {
    return read_class_folders(source, tasks, split, refusals);
  }
  return read_challenge(annotation_root(source.path), tasks, split, refusals);
}

bool is_multitask_root(const fs::path& root) {
  const auto folder = annotation_root_or_none(root);
  return folder && holds_multitask_lists(*folder) &&
         std::ranges::none_of(challenge_tasks(),
                              [&](const Task& task) { return holds_challenge(*folder, task); });
}

std::vector<Task> tasks_in(const fs::path& root) {
  const auto folder = annotation_root_or_none(root);
  if (!folder) return {};
  if (holds_multitask_lists(*folder)) return challenge_tasks();
  std::vector<Task> tasks;
  for (const Task& task : challenge_tasks()) {
    if (holds_challenge(*folder, task)) tasks.push_back(task);
  }
  return tasks;
}

}  // namespace mien
