#include "mien/data/annotations.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"

namespace mien {
namespace {

using nlohmann::json;

std::string absolute(const std::string& path) {
  return path.empty() ? path
                      : std::filesystem::absolute(expand_home(path)).lexically_normal().string();
}

std::string text_in(const json& value, const std::string& what, const std::string& expected) {
  if (value.is_string() && !value.get<std::string>().empty()) return value.get<std::string>();
  throw InputError(what, json_text(value).substr(0, 60), expected);
}

std::map<std::string, std::string> labels_in(const json& value, const std::string& what) {
  if (!value.is_object()) {
    throw InputError(what, json_text(value).substr(0, 60),
                     "expected a mapping of labels, such as {contempt: Other}");
  }
  std::map<std::string, std::string> labels;
  for (const auto& [from, to] : value.items()) {
    labels[from] = to.is_null() ? "" : to.is_string() ? to.get<std::string>() : json_text(to);
  }
  return labels;
}

LabelSource source_from_json(const json& value, const std::string& what) {
  if (!value.is_object()) return {absolute(text_in(value, what, "expected a path")), {}, {}};
  static const std::vector<std::string> kKeys = {"path", "bank", "map"};
  for (const auto& [key, ignored] : value.items()) {
    if (std::ranges::find(kKeys, key) != kKeys.end()) continue;
    throw InputError(what + ": key", key, "expected path, bank or map", nearest_match(key, kKeys));
  }
  if (!value.contains("path")) {
    throw InputError(what, json_text(value).substr(0, 60), "has no path, expected {path: ...}");
  }
  LabelSource source;
  source.path = absolute(text_in(value.at("path"), what + ": path", "expected a path"));
  if (value.contains("bank")) {
    const json& bank = value.at("bank");
    for (const json& folder : bank.is_array() ? bank : json::array({bank})) {
      source.bank.push_back(absolute(text_in(folder, what + ": bank", "expected paths of banks")));
    }
  }
  if (value.contains("map")) {
    const json& map = value.at("map");
    if (!map.is_object()) {
      throw InputError(what + ": map", json_text(map).substr(0, 60),
                       "expected a task and its labels, such as {emotion: {contempt: Other}}");
    }
    for (const auto& [task, labels] : map.items()) {
      source.map[task] = labels_in(labels, concat(what, ": map: ", task));
    }
  }
  return source;
}

}  // namespace

Annotations::Annotations(const std::string& path) {
  if (!path.empty()) sources.push_back({path, {}, {}});
}

std::string Annotations::text() const {
  std::vector<std::string> paths;
  for (const LabelSource& source : sources) paths.push_back(source.path);
  return join(paths);
}

Annotations annotations_from_json(const json& value, const std::string& what) {
  Annotations annotations;
  if (value.is_null() || value == "") return annotations;
  for (const json& item : value.is_array() ? value : json::array({value})) {
    annotations.sources.push_back(source_from_json(item, what));
  }
  return annotations;
}

json to_json(const Annotations& annotations) {
  if (annotations.empty()) return "";
  json list = json::array();
  for (const LabelSource& source : annotations.sources) {
    if (source.map.empty() && source.bank.empty()) {
      list.push_back(source.path);
      continue;
    }
    json& object = list.emplace_back(json{{"path", source.path}});
    if (!source.bank.empty()) object["bank"] = source.bank;
    if (!source.map.empty()) object["map"] = source.map;
  }
  return list.size() == 1 ? list.front() : list;
}

bool all_exist(const Annotations& annotations) {
  return std::ranges::all_of(annotations.sources, [](const LabelSource& source) {
    std::error_code ignored;
    return std::filesystem::exists(source.path, ignored);
  });
}

}  // namespace mien
