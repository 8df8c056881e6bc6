// What a folder of crops remembers of the videos that are finished in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mien {

struct VideoFrames;

/// Files and folders of the root.
namespace crop_files {
inline constexpr const char* kSettings = "crop.json";  ///< of the root, and a copy with each video
inline constexpr const char* kTable = "faces.csv";
inline constexpr const char* kHidden = ".crop";
inline constexpr const char* kDone = "done";    ///< in kHidden: a folder a video
inline constexpr const char* kReady = "ready";  ///< the same, before its crops are all moved
inline constexpr const char* kFolders = "folders.txt";  ///< the video's folders, a line each
inline constexpr const char* kSource = "source.txt";    ///< its size, its path
}  // namespace crop_files

/// Where a video's pictures came from.
struct CropSource {
  std::filesystem::path path;  ///< absolute
  std::int64_t size = 0;       ///< bytes: of the file, of all images of the folder

  /// The file or folder as it is now; what cannot be read has no bytes.
  static CropSource of_file(const std::filesystem::path& file);
  static CropSource of_images(const VideoFrames& images);

  /// Whether `now` is in the same place, by whatever path, or was moved from here with its name and
  /// size: then nothing is here any more. Equal sizes alone say little, a copy is another input.
  bool is_same_input(const CropSource& now) const;
};

struct CropRecord {
  std::optional<CropSource> source;  ///< none in a root of an earlier version
  std::vector<std::string> folders;  ///< in the root: one a person
  bool is_done = false;              ///< not only ready
  bool has_settings_of_root = false;
};

/// Every folder of crops is one video's. All is read once; nothing here writes.
class CropRecords {
 public:
  /// A root that is not there, or holds no crops, has no records.
  explicit CropRecords(std::filesystem::path root);

  /// nullptr: never finished.
  const CropRecord* find(const std::string& name) const;

  /// Done with the root's settings, and its folders are still there.
  bool is_finished(const std::string& name) const;

  /// The video whose crops the folder holds; nullptr: nobody's.
  const std::string* owner_of(const std::string& folder) const;

  /// Whether the video may make or replace the folder.
  bool is_free(const std::string& folder, const std::string& name) const;

 private:
  void add(const std::string& name, CropRecord record);

  std::filesystem::path root_;
  std::map<std::string, CropRecord> by_name_;
  std::map<std::string, std::string> owner_;
};

/// For CropSource's file. parse_source() of what is no such file: none.
std::string source_text(const CropSource& source);
std::optional<CropSource> parse_source(const std::string& text);

/// The visible names in the folder, in byte order; none when it is not there.
std::vector<std::string> visible_names(const std::filesystem::path& folder);

}  // namespace mien
