#include "reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/files.h"
#include "mien/core/text.h"

namespace mien {
namespace {

std::string node_text(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (!node.IsDefined() || node.IsNull()) return "(nothing)";
  YAML::Emitter out;
  out << YAML::Flow << node;
  return out.c_str();
}

/// YAML forbids them where a line is indented, and its reader says so in other words.
void refuse_tabs(const std::string& text, const std::filesystem::path& file,
                 const std::string& what) {
  std::int64_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::string_view indentation = line.substr(0, line.find_first_not_of(" \t"));
    if (indentation.size() == line.size() || indentation.find('\t') == std::string_view::npos)
      continue;
    throw InputError(what, concat(file.string(), ":", number),
                     "is indented with a tab, expected blanks (YAML)");
  }
}

/// What `<<` would merge would be lost.
void refuse_merge(const std::string& name, const std::string& where) {
  if (name != "<<") return;
  throw InputError(where, name, "merge keys are not read, expected the keys written out");
}

/// Scalars as texts: what they mean is the reader's to say.
nlohmann::json to_json(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  if (node.IsSequence()) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& item : node) list.push_back(to_json(item));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  nlohmann::json object = nlohmann::json::object();
  for (const auto& entry : node) {
    const std::string name = node_text(entry.first);
    const std::string where = concat("config: line ", entry.first.Mark().line + 1);
    refuse_merge(name, where);
    if (object.contains(name)) throw InputError(where, name, "stands twice, expected it once");
    object[name] = to_json(entry.second);
  }
  return object;
}

/// The value of a dotted key; undefined when it is not there.
YAML::Node node_at(const YAML::Node& root, const std::string& key) {
  YAML::Node node = YAML::Clone(root);
  for (const std::string_view part : split(key, '.')) {
    node.reset(node.IsMap() ? node[std::string(part)] : YAML::Node(YAML::NodeType::Undefined));
  }
  return node;
}

YAML::Node load_yaml(const std::filesystem::path& file, const std::string& what = "config") {
  const std::string text = read_text(file, what);
  refuse_tabs(text, file, what);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      throw InputError(
          what, file.string(),
          concat("holds ", documents.size(), " YAML documents (divided by ---), ", "expected one"));
    }
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::Exception& problem) {
    throw InputError(what, concat(file.string(), ":", problem.mark.line + 1),
                     "is not YAML (" + problem.msg + ")");
  }
}

}  // namespace

std::string Fields::Source::what(const std::string& key) const {
  const std::string& name = given.empty() ? key : given;
  return place.empty() ? name : place + ": " + name;
}

Fields::Field& Fields::find(const std::string& given, const Source& source) {
  const auto old = old_keys_.find(given);
  const std::string& key = old == old_keys_.end() ? given : old->second;
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&key](const Field& field) { return field.key == key; });
  if (found == fields_.end()) {
    throw InputError(source.what("key"), key, "there is no such key", nearest_match(key, keys()));
  }
  return *found;
}

bool Fields::Reader::is_group(const std::string& key) const {
  return std::any_of(fields_.fields_.begin(), fields_.fields_.end(),
                     [&key](const Field& field) { return field.key.starts_with(key + "."); });
}

void Fields::Reader::read_mapping(const YAML::Node& node, const std::string& prefix,
                                  const std::string& file) {
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    const std::string key = prefix.empty() ? name : prefix + "." + name;
    const Source source{concat(file, ":", entry.first.Mark().line + 1)};
    refuse_merge(name, source.what("key"));
    if (entry.second.IsMap() && is_group(key)) {
      read_mapping(entry.second, key, file);
    } else {
      if (!seen_.insert(fields_.find(key, source).key).second) {
        throw InputError(source.what("key"), key, "is given twice, expected once");
      }
      read_value(key, entry.second, source);
    }
  }
}

void Fields::Reader::read_axes(const YAML::Node& node, const std::string& prefix,
                               const std::string& file, std::vector<GridAxis>& axes) {
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    const std::string key = prefix.empty() ? name : prefix + "." + name;
    const Source source{concat(file, ":", entry.first.Mark().line + 1)};
    refuse_merge(name, source.what("key"));
    if (entry.second.IsMap() && is_group(key)) {
      read_axes(entry.second, key, file, axes);
      continue;
    }
    const Field& field = fields_.find(key, source);
    if (!seen_.insert(field.key).second) {
      throw InputError(source.what("key"), key, "is given twice, expected once");
    }
    if (!entry.second.IsSequence() || entry.second.size() == 0) {
      throw InputError(source.what(key), node_text(entry.second), "expected a list of values");
    }
    GridAxis axis{field.key, {}};
    for (const auto& item : entry.second) {
      read_value(key, item, source);
      const std::string text = text_of(field);
      if (std::ranges::find(axis.values, text) != axis.values.end()) {
        throw InputError(source.what(key), node_text(item), "is in the list twice, expected once");
      }
      axis.values.push_back(text);
    }
    axes.push_back(std::move(axis));
  }
}

void Fields::Reader::read_value(const std::string& key, const YAML::Node& node,
                                const Source& source) {
  Field& field = fields_.find(key, source);
  Source named = source;
  if (field.key != key) named.given = key;
  std::visit([&](auto* value) { assign(field, *value, node, named); }, field.place);
}

void Fields::Reader::assign(Field& field, bool& value, const YAML::Node& node,
                            const Source& source) const {
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
    throw InputError(source.what(field.key), node_text(node), "expected " + expectation(field));
  }
}

void Fields::Reader::assign(Field& field, std::int64_t& value, const YAML::Node& node,
                            const Source& source) const {
  std::int64_t parsed = 0;
  if (!node.IsScalar() || !parse_integer(node.Scalar(), parsed) ||
      !field.range.holds(static_cast<double>(parsed))) {
    throw InputError(source.what(field.key), node_text(node), "expected " + expectation(field));
  }
  value = parsed;
}

void Fields::Reader::assign(Field& field, double& value, const YAML::Node& node,
                            const Source& source) const {
  double parsed = 0;
  if (!node.IsScalar() || !parse_number(node.Scalar(), parsed) || !field.range.holds(parsed)) {
    throw InputError(source.what(field.key), node_text(node), "expected " + expectation(field));
  }
  value = parsed;
}

void Fields::Reader::assign(Field& field, std::string& value, const YAML::Node& node,
                            const Source& source) const {
  const std::string given = node_text(node);
  const auto old = field.old_choices.find(given);
  const std::string& text = old == field.old_choices.end() ? given : old->second;
  const bool known = field.choices.empty() || std::ranges::count(field.choices, text) > 0;
  if (!node.IsScalar() || !known) {
    throw InputError(source.what(field.key), given, "expected " + expectation(field),
                     nearest_match(given, field.choices));
  }
  value = text;
  if (field.is_path && !value.empty()) {
    value = std::filesystem::absolute(expand_home(value)).lexically_normal().string();
  }
}

void Fields::Reader::assign(Field& field, const Codec& value, const YAML::Node& node,
                            const Source& source) const {
  value.read(to_json(node), source.what(field.key));
}

template <class Item>
void Fields::Reader::assign(Field& field, std::vector<Item>& values, const YAML::Node& node,
                            const Source& source) const {
  std::vector<Item> parsed;
  if (node.IsSequence()) {
    for (const auto& item : node) assign(field, parsed.emplace_back(), item, source);
  } else {
    assign(field, parsed.emplace_back(), node, source);
  }
  values = std::move(parsed);
}

void Fields::read_yaml(const std::filesystem::path& file) {
  const YAML::Node root = load_yaml(file);
  if (root.IsNull()) return;  // an empty file: all defaults
  if (!root.IsMap()) {
    throw InputError("config", file.string(), "expected a mapping of keys to values");
  }
  Reader(*this).read_mapping(root, "", file.string());
}

std::vector<GridAxis> Fields::read_grid(const std::filesystem::path& file) {
  const YAML::Node root = load_yaml(file, "grid");
  if (!root.IsMap() || root.size() == 0) {
    throw InputError("grid", file.string(), "expected a mapping of keys to lists of values");
  }
  std::vector<GridAxis> axes;
  Reader(*this).read_axes(root, "", file.string(), axes);
  return axes;
}

void Fields::assign(const std::string& key, const std::string& yaml) {
  Reader(*this).read_value(key, YAML::Load(yaml), Source{});
}

void Fields::read_override(const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw InputError("argument", assignment, "expected key=value",
                     equals == std::string::npos ? nearest_match(assignment, keys()) : "");
  }
  const std::string key = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  YAML::Node node(text);  // a scalar as it stands, so that a path may hold any character
  if (text.starts_with('[') || text.starts_with('{')) {
    try {
      node = YAML::Load(text);
    } catch (const YAML::Exception&) {
      throw InputError(key, text, "expected a list written [a,b], or a mapping written {a: b}");
    }
  }
  Reader(*this).read_value(key, node, Source{});
}

std::vector<Difference> Fields::differences(const std::filesystem::path& other_yaml) const {
  const YAML::Node other = load_yaml(other_yaml);
  std::vector<Difference> found;
  for (const Field& field : fields_) {
    YAML::Node node = node_at(other, field.key);
    for (const auto& [old_key, key] : old_keys_) {
      if (key == field.key && !node.IsDefined()) node.reset(node_at(other, old_key));
    }
    const YAML::Node mine = YAML::Load(text_of(field));
    std::string theirs = node_text(node.IsDefined() ? node : YAML::Load(field.default_text));
    const auto old = field.old_choices.find(theirs);
    if (old != field.old_choices.end()) theirs = old->second;
    if (node_text(mine) != theirs) {
      found.push_back({field.key, theirs, node_text(mine)});
    }
  }
  return found;
}

}  // namespace mien
