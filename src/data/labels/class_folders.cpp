#include "labels/class_folders.h"

#include <algorithm>

#include "folder_entries.h"
#include "labels/label_columns.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> images_in(const fs::path& folder) {
  std::vector<std::string> files = entries_of(folder, "annotations").files;
  std::erase_if(files, [](const std::string& name) { return !has_image_suffix(name); });
  return files;
}

double class_of(const LabelSource& source, const Task& task, const std::string& folder) {
  std::string name = folder;
  const auto map = source.map.find(task.name());
  if (map != source.map.end() && map->second.contains(folder)) name = map->second.at(folder);
  if (name.empty()) return kUnknown;
  const auto found = class_from_text(task, name);
  if (found) return static_cast<double>(*found);
  throw InputError(
      concat(source.path, ": folder"), folder,
      concat("is no class of the task ", task.name(), ": expected one of ", join(task.outputs())),
      nearest_match(folder, task.outputs()));
}

}  // namespace

std::vector<std::string> folders_with_images(const fs::path& root) {
  std::vector<std::string> folders = entries_of(root, "annotations").folders;
  std::erase_if(folders, [&](const std::string& name) { return images_in(root / name).empty(); });
  return folders;
}

std::vector<std::optional<LabelSet>> read_class_folders(const LabelSource& source,
                                                        const std::vector<Task>& tasks, Split split,
                                                        std::vector<InputError>& refusals) {
  std::vector<std::optional<LabelSet>> sets(tasks.size());
  const auto named = std::ranges::find_if(tasks, &Task::is_classes);
  for (const Task& task : tasks) {
    if (named != tasks.end() && task == *named) continue;
    refusals.emplace_back(
        "annotations", source.path,
        concat("is a folder of images per class, which says nothing of the task ", task.name()));
  }
  if (named == tasks.end()) return sets;
  LabelSet& set = sets[static_cast<std::size_t>(named - tasks.begin())].emplace();
  set = {.task = *named, .split = split, .partly_known = PartlyKnown::kMaskValue};
  if (split != Split::kTrain) return sets;
  for (const std::string& folder : folders_with_images(source.path)) {
    const double label = class_of(source, *named, folder);
    if (!is_known(label)) continue;
    VideoLabels& images = set.videos.emplace_back(VideoLabels{.video = folder});
    images.names = images_in(fs::path(source.path) / folder);
    images.values.assign(images.names.size(), label);
  }
  return sets;
}

}  // namespace mien
