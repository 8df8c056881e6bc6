#include "crop_folder.h"

#include <algorithm>
#include <fstream>

#include "crop_table.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/json_text.h"
#include "mien/core/sync.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using crop_files::kFolders, crop_files::kSettings, crop_files::kSource;

constexpr const char* kFlag = "--out";
constexpr const char* kMaking = "making";  ///< in .crop, beside done and ready: not finished
constexpr const char* kFailed = "failed";
constexpr const char* kRows = "rows.csv";  ///< of one video
constexpr const char* kCrops = "crops";    ///< before they are moved to the root

const fs::path& made(const fs::path& root) {
  make_folder(root, kFlag);
  return root;
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

/// What commit() keeps of what begin()'s folder holds.
bool is_kept(const std::string& entry) {
  return entry == kCrops || entry == kRows || entry == kFolders || entry == kSettings ||
         entry == kSource;
}

}  // namespace

void write_plainly(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw InputError("file", file.string(), "cannot be written");
}

fs::path CropFolder::hidden(const char* part) const {
  return root_ / crop_files::kHidden / part;
}

CropFolder::CropFolder(fs::path root, const nlohmann::json& settings, std::set<std::string> videos,
                       bool force)
    : root_(std::move(root)),
      lock_(made(root_), kFlag),
      videos_(std::move(videos)),
      records_(root_) {
  settle(settings, force);
  fs::remove_all(hidden(kMaking));  // of a process that was killed
  for (const char* part : {kMaking, crop_files::kReady, crop_files::kDone, kFailed}) {
    make_folder(hidden(part), kFlag);
  }
  for (const std::string& name : visible_names(hidden(crop_files::kReady))) complete(name);
}

void CropFolder::settle(const nlohmann::json& settings, bool force) const {
  const fs::path file = root_ / kSettings;
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    const auto there = nlohmann::json::parse(read_text(file), nullptr, false);
    if (there == settings) return;
    const bool holds_crops = !visible_names(hidden(crop_files::kReady)).empty() ||
                             !visible_names(hidden(crop_files::kDone)).empty();
    if (!force && holds_crops) {
      throw InputError(kFlag, root_.string(),
                       concat("holds crops made with other settings (", difference(there, settings),
                              "); expected the same, another folder, or --force"));
    }
  }
  write_text(file, json_text(settings, 2) + "\n");
}

fs::path CropFolder::begin(const std::string& name) const {
  const fs::path folder = hidden(kMaking) / name;
  fs::remove_all(folder);
  make_folder(folder, kFlag);
  return folder;
}

std::string CropFolder::folder_of(const std::string& name, std::int64_t id) const {
  if (id == 1) return name;
  std::string folder = concat(name, "_", id);
  while (videos_.contains(folder) || !records_.is_free(folder, name)) folder += "_face";
  return folder;
}

void CropFolder::commit(const FinishedVideo& video) const {
  const fs::path folder = hidden(kMaking) / video.name;
  make_folder(folder / kCrops, kFlag);
  std::string names;
  for (const auto& [from, to] : video.crops) {
    fs::rename(folder / from, folder / kCrops / to);
    names += to + "\n";
  }
  fs::rename(folder / video.rows, folder / kRows);
  write_plainly(folder / kFolders, names);
  write_plainly(folder / kSource, source_text(video.source));
  write_plainly(folder / kSettings, read_text(root_ / kSettings));
  for (const std::string& entry : visible_names(folder)) {
    if (!is_kept(entry)) fs::remove_all(folder / entry);
  }
  sync_around(folder);
  for (const auto& [from, to] : video.crops) require_free(to, video.name);
  fs::remove_all(hidden(crop_files::kReady) / video.name);
  fs::rename(folder, hidden(crop_files::kReady) / video.name);
  complete(video.name);
}

/// Throws InputError for a folder that somebody made meanwhile.
void CropFolder::require_free(const std::string& folder, const std::string& name) const {
  if (records_.is_free(folder, name)) return;
  throw InputError(kFlag, (root_ / folder).string(), concat("is not of ", name));
}

/// Every step may be the last one of a process that is killed, and is done again without harm.
void CropFolder::complete(const std::string& name) const {
  const fs::path ready = hidden(crop_files::kReady) / name, done = hidden(crop_files::kDone) / name;
  std::error_code ignored;
  if (fs::exists(done / kFolders, ignored)) {
    const std::string text = read_text(done / kFolders);
    for (const std::string_view old : lines_of(text)) {
      const std::string* owner = records_.owner_of(std::string(old));
      if (owner != nullptr && *owner == name) fs::remove_all(root_ / old);
    }
  }
  fs::remove_all(done);
  for (const std::string& folder : visible_names(ready / kCrops)) {
    require_free(folder, name);
    fs::remove_all(root_ / folder);
    fs::rename(ready / kCrops / folder, root_ / folder);
  }
  fs::remove(ready / kCrops, ignored);
  fs::remove(hidden(kFailed) / name, ignored);
  fs::rename(ready, done);
}

void CropFolder::record_failure(const std::string& name, const std::string& row) const {
  const bool is_usable = !name.starts_with('.') && name_problem(hidden(kFailed) / name).empty();
  write_text(hidden(kFailed) / (is_usable ? name : "~" + sha256_of_text(name).substr(0, 16)), row);
}

void CropFolder::write_table() const {
  std::map<std::string, fs::path> rows;
  for (const std::string& name : visible_names(hidden(kFailed))) {
    rows[name] = hidden(kFailed) / name;
  }
  for (const std::string& name : visible_names(hidden(crop_files::kDone))) {
    rows[name] = hidden(crop_files::kDone) / name / kRows;
  }
  AtomicFile table(root_ / crop_files::kTable);
  table.stream() << table_header();
  for (const auto& [name, file] : rows) {
    std::ifstream in(file, std::ios::binary);
    if (in && in.peek() != std::ifstream::traits_type::eof()) table.stream() << in.rdbuf();
  }
  table.commit();
}

}  // namespace mien
