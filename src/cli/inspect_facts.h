// What `mien inspect` finds out about each kind of file or folder.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mien {

struct Inspection {
  std::string kind;                   ///< "encoder", "bank", "annotations", "run", "submission"
  std::vector<std::string> problems;  ///< empty: valid
  nlohmann::json facts = nlohmann::json::object();
};

/// Recognises the kind by content and reads what is needed to judge it; `verify` reads everything.
/// Throws InputError when the path does not exist or is none of the kinds.
Inspection inspect(const std::filesystem::path& path, bool verify);

}  // namespace mien
