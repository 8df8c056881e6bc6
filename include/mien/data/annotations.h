// Where labels come from: one or several sources side by side.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mien {

/// A folder or a file with labels. Which layout it has is seen from what is there: the challenge's
/// folders or multi-task lists, a table (.csv, .tsv), or a folder of images per class.
struct LabelSource {
  std::string path;               ///< absolute
  std::vector<std::string> bank;  ///< the source's own banks, side by side; empty: the run's
  /// Task -> label as written -> label that is meant; an empty one means "not known".
  std::map<std::string, std::map<std::string, std::string>> map;

  bool operator==(const LabelSource&) const = default;
};

struct Annotations {
  std::vector<LabelSource> sources;

  Annotations() = default;
  /// One source without a map; no source for an empty path.
  Annotations(const std::string& path);  // NOLINT: a path is the usual case
  Annotations(const char* path) : Annotations(std::string(path)) {}
  Annotations(const std::filesystem::path& path) : Annotations(path.string()) {}

  bool empty() const { return sources.empty(); }
  /// For messages: the paths.
  std::string text() const;

  bool operator==(const Annotations&) const = default;
};

/// A path, a mapping {path, bank, map}, or a list of those. Paths are made absolute. Throws
/// InputError (naming `what`), with the near miss for unknown keys.
Annotations annotations_from_json(const nlohmann::json& value, const std::string& what);

/// A single plain source is its path.
nlohmann::json to_json(const Annotations& annotations);

/// Whether every source is where it should be.
bool all_exist(const Annotations& annotations);

}  // namespace mien
