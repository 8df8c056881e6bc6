#include "crop_records.h"

#include <algorithm>

#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/image_roots.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// As it is written for people: no dots, no slash at its end.
fs::path whole(const fs::path& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

std::int64_t bytes_of(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(bytes);
}

/// False when the disk does not tell.
bool is_gone(const fs::path& path) {
  std::error_code error;
  return fs::status(path, error).type() == fs::file_type::not_found;
}

std::string text_or_nothing(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored) ? read_text(file) : std::string();
}

CropRecord read_record(const fs::path& folder, const std::string& settings_of_root) {
  CropRecord record;
  record.source = parse_source(text_or_nothing(folder / crop_files::kSource));
  const std::string names = text_or_nothing(folder / crop_files::kFolders);
  for (const std::string_view name : lines_of(names)) {
    if (!name.empty()) record.folders.emplace_back(name);
  }
  record.has_settings_of_root = !settings_of_root.empty() &&
                                text_or_nothing(folder / crop_files::kSettings) == settings_of_root;
  return record;
}

}  // namespace

CropSource CropSource::of_file(const fs::path& file) {
  return {whole(file), bytes_of(file)};
}

CropSource CropSource::of_images(const VideoFrames& images) {
  CropSource source{whole(images.folder), 0};
  for (const std::string& file : images.files) source.size += bytes_of(images.folder / file);
  for (const RejectedImage& image : images.rejected) source.size += bytes_of(image.path);
  return source;
}

bool CropSource::is_same_input(const CropSource& now) const {
  std::error_code ignored;
  if (path == now.path || fs::equivalent(path, now.path, ignored)) return true;
  return path.filename() == now.path.filename() && size == now.size && is_gone(path);
}

CropRecords::CropRecords(fs::path root) : root_(std::move(root)) {
  const std::string settings = text_or_nothing(root_ / crop_files::kSettings);
  for (const char* state : {crop_files::kDone, crop_files::kReady}) {
    const fs::path folder = root_ / crop_files::kHidden / state;
    for (const std::string& name : visible_names(folder)) {
      CropRecord record = read_record(folder / name, settings);
      record.is_done = std::string_view(state) == crop_files::kDone;
      if (const CropRecord* done = find(name)) {  // and ready to be replaced: both are its own
        record.folders.insert(record.folders.end(), done->folders.begin(), done->folders.end());
      }
      add(name, std::move(record));
    }
  }
}

const CropRecord* CropRecords::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

bool CropRecords::is_finished(const std::string& name) const {
  const CropRecord* record = find(name);
  if (record == nullptr || !record->is_done || !record->has_settings_of_root) return false;
  return std::ranges::all_of(record->folders, [&](const std::string& folder) {
    std::error_code ignored;
    return fs::is_directory(root_ / folder, ignored);
  });
}

const std::string* CropRecords::owner_of(const std::string& folder) const {
  const auto found = owner_.find(folder);
  return found == owner_.end() ? nullptr : &found->second;
}

bool CropRecords::is_free(const std::string& folder, const std::string& name) const {
  if (const std::string* owner = owner_of(folder)) return *owner == name;
  std::error_code ignored;
  return !fs::exists(fs::symlink_status(root_ / folder, ignored));
}

void CropRecords::add(const std::string& name, CropRecord record) {
  for (const std::string& folder : record.folders) owner_.try_emplace(folder, name);
  by_name_[name] = std::move(record);
}

std::string source_text(const CropSource& source) {
  return concat(source.size, "\n", source.path.string());
}

std::optional<CropSource> parse_source(const std::string& text) {
  const std::size_t end = text.find('\n');
  CropSource source;
  if (end == std::string::npos || !parse_integer(text.substr(0, end), source.size)) return {};
  source.path = text.substr(end + 1);
  return source;
}

std::vector<std::string> visible_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with('.')) names.push_back(name);  // not what a killed writer left
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace mien
