#include "labels/label_root.h"

#include <algorithm>
#include <system_error>

#include "folder_entries.h"
#include "labels/labels_multitask.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kWhat = "annotations";

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool holds_annotations(const fs::path& root) {
  return holds_multitask_lists(root) ||
         std::ranges::any_of(challenge_tasks(),
                             [&](const Task& task) { return holds_challenge(root, task); });
}

/// `root` is a challenge folder, or the part of one: the user pointed too deep.
std::string root_above(const fs::path& root) {
  const std::vector<std::string> names = all_challenge_names();
  fs::path whole = fs::absolute(root).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  for (int level = 0; level < 2 && whole.has_filename(); ++level, whole = whole.parent_path()) {
    if (std::find(names.begin(), names.end(), whole.filename().string()) != names.end()) {
      return whole.parent_path().string();
    }
  }
  return {};
}

[[noreturn]] void refuse_unknown(const fs::path& root, const FolderEntries& entries) {
  const std::vector<std::string> names = all_challenge_names();
  const std::string expected =
      concat("expected a folder with ", join(names, ", "), " or the multi-task lists (",
             multitask_list({}, Split::kTrain).string(), ")");
  for (const std::string& name : entries.folders) {
    const std::string meant = nearest_match(name, names);
    if (!meant.empty()) {
      throw InputError(kWhat, root.string(), concat("holds ", name, ", ", expected), meant);
    }
  }
  throw InputError(kWhat, root.string(), expected, root_above(root));
}

}  // namespace

std::vector<std::string> challenge_names(const Task& task) {
  if (task == expr_task()) return {"EXPR_Classification_Challenge", "EXPR_Recognition_Challenge"};
  if (task == au_task()) return {"AU_Detection_Challenge"};
  if (task == va_task()) return {"VA_Estimation_Challenge"};
  return {};
}

std::vector<std::string> all_challenge_names() {
  std::vector<std::string> names;
  for (const Task& task : challenge_tasks()) {
    for (const std::string& name : challenge_names(task)) names.push_back(name);
  }
  return names;
}

bool holds_challenge(const fs::path& root, const Task& task) {
  const std::vector<std::string> names = challenge_names(task);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return is_folder(root / name); });
}

bool holds_multitask_lists(const fs::path& root) {
  std::error_code ignored;
  return fs::is_regular_file(multitask_list(root, Split::kTrain), ignored) ||
         fs::is_regular_file(multitask_list(root, Split::kValidation), ignored);
}

std::vector<fs::path> annotation_roots(const fs::path& path) {
  if (!is_folder(path)) return {};
  if (holds_annotations(path)) return {path};
  std::vector<fs::path> found;
  for (const std::string& name : entries_of(path, kWhat).folders) {
    if (holds_annotations(path / name)) found.push_back(path / name);
  }
  return found;
}

fs::path annotation_root(const fs::path& root) {
  require_exists(root, kWhat, "a folder of annotations");
  if (!is_folder(root)) throw InputError(kWhat, root.string(), "expected a folder, this is a file");
  const std::vector<fs::path> found = annotation_roots(root);
  if (found.empty()) refuse_unknown(root, entries_of(root, kWhat));
  if (found.size() == 1) return found.front();
  std::vector<std::string> names;
  for (const fs::path& folder : found) names.push_back(folder.filename().string());
  throw InputError(kWhat, root.string(),
                   concat("holds several annotation folders, expected one of them: ", join(names)),
                   found.back().string());
}

std::optional<fs::path> challenge_folder(const fs::path& root, const Task& task) {
  std::optional<fs::path> found;
  for (const std::string& name : challenge_names(task)) {
    if (!is_folder(root / name)) continue;
    if (found) {
      throw InputError(
          kWhat, root.string(),
          concat("holds both ", join(challenge_names(task), " and "), ", expected one of them"));
    }
    found = root / name;
  }
  return found;
}

}  // namespace mien
