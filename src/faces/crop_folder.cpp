#include "crop_folder.h"

#include <algorithm>
#include <fstream>

#include "crop_table.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFlag = "--out";
constexpr const char* kSettings = "crop.json";
constexpr const char* kHidden = ".crop";
constexpr const char* kRows = "rows.csv";        ///< of one video
constexpr const char* kFolders = "folders.txt";  ///< its folders in the root, a line each
constexpr const char* kCrops = "crops";          ///< before they are moved there

const fs::path& made(const fs::path& root) {
  make_folder(root, kFlag);
  return root;
}

std::vector<std::string> folder_names(const fs::path& parent) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator at(parent, ignored), end; at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with('.')) names.push_back(name);  // not what a killed writer left
  }
  std::ranges::sort(names);
  return names;
}

/// The keys whose values differ, as "size 112, here 224".
std::string difference(const nlohmann::json& there, const nlohmann::json& here) {
  std::vector<std::string> parts;
  const nlohmann::json flat = here.flatten();
  for (const auto& [key, value] : flat.items()) {
    const auto pointer = nlohmann::json::json_pointer(key);
    const auto other = there.contains(pointer) ? there.at(pointer) : nlohmann::json();
    if (other == value) continue;
    std::string name = key.substr(1);
    std::ranges::replace(name, '/', '.');
    parts.push_back(concat(name, " ", json_text(other), ", now ", json_text(value)));
  }
  return join(parts, "; ");
}

/// Whether the folder is one of the video's, or will be once its move is completed.
bool owns(const fs::path& root, const std::string& name, const std::string& folder) {
  for (const char* state : {"done", "ready"}) {
    std::error_code ignored;
    const fs::path file = root / kHidden / state / name / kFolders;
    if (!fs::exists(file, ignored)) continue;
    const std::string text = read_text(file);
    if (std::ranges::count(lines_of(text), std::string_view(folder)) > 0) return true;
  }
  return false;
}

}  // namespace

bool is_cropped(const fs::path& root, const std::string& name) {
  const fs::path made_with = root / kHidden / "done" / name / kSettings;
  std::error_code ignored;
  return fs::exists(made_with, ignored) && fs::exists(root / kSettings, ignored) &&
         read_text(made_with) == read_text(root / kSettings);
}

void require_free(const fs::path& root, const std::string& name) {
  std::error_code ignored;
  if (!fs::exists(root / name, ignored) || owns(root, name, name)) return;
  throw InputError(kFlag, (root / name).string(),
                   "exists already and is not of this video; expected another folder, or --force");
}

fs::path CropFolder::hidden(const char* part) const {
  return root_ / kHidden / part;
}

CropFolder::CropFolder(fs::path root, const nlohmann::json& settings, bool force)
    : root_(std::move(root)), lock_(made(root_), kFlag) {
  settle(settings, force);
  fs::remove_all(hidden("making"));  // of a process that was killed
  for (const char* part : {"making", "ready", "done", "failed"}) make_folder(hidden(part), kFlag);
  for (const std::string& name : folder_names(hidden("ready"))) complete(name);
}

void CropFolder::settle(const nlohmann::json& settings, bool force) const {
  const fs::path file = root_ / kSettings;
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    const auto there = nlohmann::json::parse(read_text(file), nullptr, false);
    if (there == settings) return;
    if (!force) {
      throw InputError(kFlag, root_.string(),
                       concat("holds crops made with other settings (", difference(there, settings),
                              "); expected the same, another folder, or --force"));
    }
  }
  write_text(file, json_text(settings, 2) + "\n");
}

fs::path CropFolder::begin(const std::string& name) const {
  const fs::path folder = hidden("making") / name;
  fs::remove_all(folder);
  make_folder(folder, kFlag);
  return folder;
}

std::string CropFolder::folder_of(const std::string& name, std::int64_t id,
                                  const std::set<std::string>& other_videos) const {
  if (id == 1) return name;
  std::string folder = concat(name, "_", id);
  std::error_code ignored;
  while (other_videos.contains(folder) ||
         (fs::exists(root_ / folder, ignored) && !owns(root_, name, folder))) {
    folder += "_face";
  }
  return folder;
}

void CropFolder::commit(const std::string& name, const std::map<std::string, std::string>& crops,
                        const fs::path& rows) const {
  const fs::path folder = hidden("making") / name;
  make_folder(folder / kCrops, kFlag);
  std::string names;
  for (const auto& [from, to] : crops) {
    fs::rename(folder / from, folder / kCrops / to);
    names += to + "\n";
  }
  fs::rename(rows, folder / kRows);
  write_text(folder / kFolders, names);
  write_text(folder / kSettings, read_text(root_ / kSettings));
  for (const std::string& entry : folder_names(folder)) {
    const bool kept = entry == kCrops || entry == kRows || entry == kFolders || entry == kSettings;
    if (!kept) fs::remove_all(folder / entry);
  }
  fs::remove_all(hidden("ready") / name);
  fs::rename(folder, hidden("ready") / name);
  complete(name);
}

/// Every step may be the last one of a process that is killed, and is done again without harm.
void CropFolder::complete(const std::string& name) const {
  const fs::path ready = hidden("ready") / name, done = hidden("done") / name;
  std::error_code ignored;
  if (fs::exists(done / kFolders, ignored)) {
    const std::string text = read_text(done / kFolders);
    for (const std::string_view old : lines_of(text)) fs::remove_all(root_ / old);
  }
  fs::remove_all(done);
  for (const std::string& folder : folder_names(ready / kCrops)) {
    fs::remove_all(root_ / folder);
    fs::rename(ready / kCrops / folder, root_ / folder);
  }
  fs::remove(ready / kCrops, ignored);
  fs::remove(hidden("failed") / name, ignored);
  fs::rename(ready, done);
}

void CropFolder::record_failure(const std::string& name, const std::string& row) const {
  write_text(hidden("failed") / name, row);
}

void CropFolder::write_table() const {
  std::map<std::string, fs::path> rows;
  for (const std::string& name : folder_names(hidden("failed"))) {
    rows[name] = hidden("failed") / name;
  }
  for (const std::string& name : folder_names(hidden("done"))) {
    rows[name] = hidden("done") / name / kRows;
  }
  AtomicFile table(root_ / "faces.csv");
  table.stream() << table_header();
  for (const auto& [name, file] : rows) {
    std::ifstream in(file, std::ios::binary);
    if (in && in.peek() != std::ifstream::traits_type::eof()) table.stream() << in.rdbuf();
  }
  table.commit();
}

}  // namespace mien
