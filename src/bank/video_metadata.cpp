#include "video_metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/json_text.h"

namespace mien {

using nlohmann::json;

json names_json(const VideoRecord& record) {
  if (record.film && record.names.empty()) return nullptr;
  json names = json::object();
  for (std::size_t i = 0; i < record.names.size(); ++i) {
    names[std::to_string(record.frames[i])] = record.names[i];
  }
  return names;
}

Metadata video_metadata(std::vector<FailedFrame> failed, std::int64_t every, const json& names) {
  std::stable_sort(failed.begin(), failed.end(),
                   [](const auto& a, const auto& b) { return a.frame < b.frame; });
  json list = json::array();
  for (const FailedFrame& entry : failed) {
    list.push_back({{"frame", entry.frame}, {"path", entry.path}, {"reason", entry.reason}});
  }
  Metadata metadata = {{"failed", json_text(list)}, {"every", std::to_string(every)}};
  if (!names.is_null()) metadata["names"] = json_text(names);
  return metadata;
}

std::vector<FailedFrame> failed_of(const Metadata& metadata, const std::filesystem::path& file) {
  const auto found = metadata.find("failed");
  if (found == metadata.end()) return {};
  const json list = json::parse(found->second, nullptr, /*allow_exceptions=*/false);
  std::vector<FailedFrame> failed;
  try {
    for (const json& entry : list) {
      failed.push_back({entry.at("frame"), entry.at("path"), entry.at("reason")});
    }
  } catch (const json::exception&) {
    throw InputError("bank", file.string(), "metadata failed is not a list of frame, path, reason");
  }
  return failed;
}

json names_of(const Metadata& metadata) {
  const auto found = metadata.find("names");
  return found == metadata.end() ? json::object() : json::parse(found->second);
}

}  // namespace mien
