#include "mien/config/fields.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mien/core/error.h"
#include "mien/core/json_text.h"
#include "mien/core/text.h"
#include "reader.h"

namespace mien {
namespace {

bool is_control(char c) {
  const auto code = static_cast<unsigned char>(c);
  return code < 0x20 || code == 0x7f;
}

/// Quoted only when YAML would read it as something else.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() &&
                     text.find_first_of(":#[]{},&*!|>'\"%@`?") == std::string::npos &&
                     std::none_of(text.begin(), text.end(), is_control) && trim(text) == text &&
                     text.front() != '-';
  double number = 0;
  const std::string word = lower(text);
  const bool other_type = parse_number(text, number) || word == "true" || word == "false" ||
                          word == "yes" || word == "no" || word == "on" || word == "off" ||
                          word == "null" || word == "~";
  if (plain && !other_type) return text;
  YAML::Emitter out;
  out << YAML::DoubleQuoted << text;
  return out.c_str();
}

template <class Items, class Text>
std::string list_text(const Items& items, Text text) {
  Strings texts;
  for (const auto& item : items) texts.push_back(text(item));
  return "[" + join(texts) + "]";
}

/// As YAML in one line.
std::string flow_text(const nlohmann::json& value) {
  if (value.is_string()) return quoted(value.get<std::string>());
  if (value.is_array()) return list_text(value, flow_text);
  if (!value.is_object()) return json_text(value);
  Strings entries;
  for (const auto& [key, item] : value.items()) {
    entries.push_back(quoted(key) + ": " + flow_text(item));
  }
  return "{" + join(entries) + "}";
}

}  // namespace

struct Fields::ValueText {
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::int64_t* value) const { return std::to_string(*value); }
  std::string operator()(const double* value) const { return shortest(*value); }
  std::string operator()(const std::string* value) const { return quoted(*value); }
  std::string operator()(const Strings* value) const { return list_text(*value, quoted); }
  std::string operator()(const Numbers* value) const { return list_text(*value, shortest); }
  std::string operator()(const Codec* value) const { return flow_text(value->write()); }
};

bool Range::holds(double value) const {
  const bool above_low = low_is_open ? value > low : value >= low;
  const bool below_high = high_is_open ? value < high : value <= high;
  return above_low && below_high && value - value == 0;  // the last: finite
}

std::string Range::text() const {
  const bool has_low = low != -std::numeric_limits<double>::infinity();
  const bool has_high = high != std::numeric_limits<double>::infinity();
  if (has_low && has_high) {
    return concat("in ", low_is_open ? "(" : "[", shortest(low), ", ", shortest(high),
                  high_is_open ? ")" : "]");
  }
  if (has_low) return concat(low_is_open ? "above " : "at least ", shortest(low));
  if (has_high) return concat(high_is_open ? "below " : "at most ", shortest(high));
  return "any number";
}

void Fields::declare(Field field) {
  field.default_text = text_of(field);
  fields_.push_back(std::move(field));
}

void Fields::add(const std::string& key, bool& value, const std::string& meaning) {
  declare({.key = key, .place = &value, .meaning = meaning});
}
void Fields::add(const std::string& key, std::int64_t& value, const std::string& meaning,
                 const Range& range) {
  declare({.key = key, .place = &value, .meaning = meaning, .range = range});
}
void Fields::add(const std::string& key, double& value, const std::string& meaning,
                 const Range& range) {
  declare({.key = key, .place = &value, .meaning = meaning, .range = range});
}
void Fields::add(const std::string& key, std::string& value, const std::string& meaning,
                 const Strings& choices) {
  declare({.key = key, .place = &value, .meaning = meaning, .choices = choices});
}
void Fields::add(const std::string& key, Strings& value, const std::string& meaning,
                 const Strings& choices) {
  declare({.key = key, .place = &value, .meaning = meaning, .choices = choices});
}
void Fields::add(const std::string& key, Numbers& value, const std::string& meaning,
                 const Range& range) {
  declare({.key = key, .place = &value, .meaning = meaning, .range = range});
}
void Fields::add_path(const std::string& key, std::string& value, const std::string& meaning) {
  declare({.key = key, .place = &value, .meaning = meaning, .is_path = true});
}
void Fields::add_path(const std::string& key, Strings& value, const std::string& meaning) {
  declare({.key = key, .place = &value, .meaning = meaning, .is_path = true});
}

void Fields::add(const std::string& key, const std::string& meaning, const std::string& expected,
                 std::function<void(const nlohmann::json&, const std::string&)> read,
                 std::function<nlohmann::json()> write) {
  codecs_.push_back(std::make_unique<Codec>(Codec{expected, std::move(read), std::move(write)}));
  declare({.key = key, .place = codecs_.back().get(), .meaning = meaning});
}

void Fields::add_old_key(const std::string& old_key, const std::string& key) {
  old_keys_[old_key] = key;
}

void Fields::add_old_choice(const std::string& key, const std::string& old_choice,
                            const std::string& choice) {
  find(key, Source{}).old_choices[old_choice] = choice;
}

Strings Fields::keys() const {
  Strings names;
  for (const Field& field : fields_) names.push_back(field.key);
  return names;
}

std::string Fields::text_of(const Field& field) {
  return std::visit(ValueText(), field.place);
}

std::string Fields::expectation(const Field& field) {
  if (!field.choices.empty()) return "one of " + join(field.choices);
  if (std::holds_alternative<bool*>(field.place)) return "true or false";
  if (std::holds_alternative<std::int64_t*>(field.place)) {
    return field.range.text() == "any number" ? "a whole number"
                                              : "a whole number " + field.range.text();
  }
  if (std::holds_alternative<double*>(field.place)) {
    return field.range.text() == "any number" ? "a number" : "a number " + field.range.text();
  }
  if (std::holds_alternative<Numbers*>(field.place)) return "numbers " + field.range.text();
  if (const auto* codec = std::get_if<Codec*>(&field.place)) return (*codec)->expected;
  if (field.is_path) return std::holds_alternative<Strings*>(field.place) ? "paths" : "a path";
  return std::holds_alternative<Strings*>(field.place) ? "a list of texts" : "a text";
}

std::string Fields::to_yaml(bool comments) const {
  std::string out, group;
  for (const Field& field : fields_) {
    const auto parts = split(field.key, '.');
    std::string indent;
    std::string open;  // the groups this key lies in
    for (std::size_t level = 0; level + 1 < parts.size(); ++level) {
      open += std::string(parts[level]) + ".";
      if (!(group + ".").starts_with(open)) out += indent + std::string(parts[level]) + ":\n";
      indent += "  ";
    }
    group = open.empty() ? "" : open.substr(0, open.size() - 1);
    std::string line = indent + std::string(parts.back()) + ": " + text_of(field);
    if (comments) {
      line.resize(std::max<std::size_t>(line.size() + 2, 34), ' ');
      line += "# " + field.meaning + " (" + expectation(field) + "; default " + field.default_text +
              ")";
    }
    out += line + "\n";
  }
  return out;
}

std::string Fields::help() const {
  std::string out;
  for (const Field& field : fields_) {
    std::string line = "  " + field.key + " [" + field.default_text + "]";
    line.resize(std::max<std::size_t>(line.size() + 2, 40), ' ');
    out += line + field.meaning + " (" + expectation(field) + ")\n";
  }
  return out;
}

}  // namespace mien
