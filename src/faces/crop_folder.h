// The folder that crops go to: what is finished in it, and how a video becomes so.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "crop_records.h"
#include "mien/core/folder_lock.h"

namespace mien {

/// What was made in begin()'s folder.
struct FinishedVideo {
  std::string name;
  CropSource source;
  std::map<std::string, std::string> crops;  ///< sub-folder made -> folder in the root
  std::string rows;                          ///< the file with its rows of the table
};

/// One process at a time, any number of its threads. A video is made in a hidden folder, flushed to
/// the disk and moved in one piece: a folder that is seen holds whole files, also after a power
/// cut. A move that was cut short is completed by the next process. Nothing is replaced but what
/// the same video had before.
class CropFolder {
 public:
  /// Makes the folder, or opens it, for the videos of these names. Throws InputError (naming --out)
  /// when it cannot be made, is in use, or holds crops of other settings and `force` is false.
  CropFolder(std::filesystem::path root, const nlohmann::json& settings,
             std::set<std::string> videos, bool force);

  /// A new empty folder to make the video in. Files in it need not be flushed.
  std::filesystem::path begin(const std::string& name) const;

  /// Where the person's crops go: <name> for id 1, <name>_<id> for others, with more behind it when
  /// that is another video's or nobody's.
  std::string folder_of(const std::string& name, std::int64_t id) const;

  /// Shows what was made since begin() in place of what the video had before. Throws InputError
  /// when the disk refused or one of the folders is not the video's.
  void commit(const FinishedVideo& video) const;

  /// For a video that could not be used; its row.
  void record_failure(const std::string& name, const std::string& row) const;

  /// faces.csv anew, from the rows of all videos in byte order of their names.
  void write_table() const;

 private:
  void settle(const nlohmann::json& settings, bool force) const;
  void complete(const std::string& name) const;
  void require_free(const std::string& folder, const std::string& name) const;
  std::filesystem::path hidden(const char* part) const;

  std::filesystem::path root_;
  FolderLock lock_;
  std::set<std::string> videos_;
  /// As they were at the begin: two videos of one run never ask for one folder, since <p>_<i> with
  /// any number of _face behind it tells p and i.
  const CropRecords records_;
};

/// Writes a file that its folder's commit() will flush. Throws InputError when the disk refuses.
void write_plainly(const std::filesystem::path& file, const std::string& text);

}  // namespace mien
