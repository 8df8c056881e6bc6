// The folder that crops go to: what is finished in it, and how a video becomes so.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "mien/core/folder_lock.h"

namespace mien {

/// Whether a video of the name was finished in `root` before.
bool is_cropped(const std::filesystem::path& root, const std::string& name);

/// Throws InputError (naming --out) unless the folder of that name is free or the video's own.
void require_free(const std::filesystem::path& root, const std::string& name);

/// One process at a time. A video is made in a hidden folder and moved in one piece; a move that
/// was cut short is completed by the next process.
class CropFolder {
 public:
  /// Makes the folder, or opens it. Throws InputError (naming --out) when it cannot be made, is in
  /// use, or holds crops of other settings and `force` is false.
  CropFolder(std::filesystem::path root, const nlohmann::json& settings, bool force);

  /// A new empty folder to make the video in.
  std::filesystem::path begin(const std::string& name) const;

  /// Where the person's crops go: <name> for id 1, <name>_<id> for others, with more behind it when
  /// that is another video's.
  std::string folder_of(const std::string& name, std::int64_t id,
                        const std::set<std::string>& other_videos) const;

  /// From begin(): `crops`, sub-folder made -> folder in the root; and the finished rows. What the
  /// video had before is replaced.
  void commit(const std::string& name, const std::map<std::string, std::string>& crops,
              const std::filesystem::path& rows) const;

  /// For a video that could not be used; its row.
  void record_failure(const std::string& name, const std::string& row) const;

  /// faces.csv anew, from the rows of all videos in byte order of their names.
  void write_table() const;

 private:
  void settle(const nlohmann::json& settings, bool force) const;
  void complete(const std::string& name) const;
  std::filesystem::path hidden(const char* part) const;

  std::filesystem::path root_;
  FolderLock lock_;
};

}  // namespace mien
