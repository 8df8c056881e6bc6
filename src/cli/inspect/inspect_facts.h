// What `mien inspect` finds out about each kind of file or folder.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace mien {

struct Inspection {
  std::string kind;                   ///< "encoder", "bank", "annotations", "labels", "run",
                                      ///< "submission"
  std::vector<std::string> problems;  ///< empty: valid
  std::vector<std::string> warnings;  ///< to know of; the official splits have some
  nlohmann::json facts = nlohmann::json::object();
  std::string config;  ///< lines to paste into a config; empty: none
};

struct InspectOptions {
  bool verify = false;                             ///< read everything
  std::vector<std::string> images;                 ///< roots to hold a bank against; empty: its own
  std::optional<std::vector<std::string>> videos;  ///< names that a bank should have; all without
};

/// Recognises the kind by content and reads what is needed to judge it. Throws InputError when the
/// path does not exist or is none of the kinds, or for options that do not fit the kind.
Inspection inspect(const std::filesystem::path& path, const InspectOptions& options);

}  // namespace mien
