// Options that are declared once. A declaration gives a key its name, place, meaning, unit and
// range; reading YAML, `key=value` on the command line, checking, help and the saved record follow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

namespace mien {

/// The legal values of a number.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_is_open = false;   ///< `low` itself is not legal
  bool high_is_open = false;  ///< `high` itself is not legal

  bool holds(double value) const;
  std::string text() const;  ///< "in (0, 1]", "at least 1", "any number"
};

inline Range at_least(double low) {
  return {.low = low};
}
inline Range above(double low) {
  return {.low = low, .low_is_open = true};
}
inline Range between(double low, double high) {
  return {.low = low, .high = high};
}
inline Range above_up_to(double low, double high) {
  return {.low = low, .high = high, .low_is_open = true};
}
inline Range from_below(double low, double high) {
  return {.low = low, .high = high, .high_is_open = true};
}

/// A key with two values, as texts.
struct Difference {
  std::string key, before, after;
  std::string text() const { return key + ": " + before + " -> " + after; }
};

using Strings = std::vector<std::string>;
using Numbers = std::vector<double>;

/// A key and the values to try, as to_yaml() writes them: at least one, none twice.
struct GridAxis {
  std::string key;
  Strings values;
};

/// The keys of one configuration, bound to the variables that hold their values. The variables
/// outlive this object; their values at declaration are the defaults.
class Fields {
 public:
  void add(const std::string& key, bool& value, const std::string& meaning);
  void add(const std::string& key, std::int64_t& value, const std::string& meaning,
           const Range& range);
  void add(const std::string& key, double& value, const std::string& meaning, const Range& range);
  /// One of `choices`, or any text when there are none.
  void add(const std::string& key, std::string& value, const std::string& meaning,
           const Strings& choices = {});
  /// A list; a single value is a list of one. Each item is one of `choices` unless that is empty.
  void add(const std::string& key, Strings& value, const std::string& meaning,
           const Strings& choices = {});
  /// A list of numbers.
  void add(const std::string& key, Numbers& value, const std::string& meaning, const Range& range);
  /// A value with parts of its own (a list of mappings, say): `read` gets it as JSON whose scalars
  /// are all texts, and throws InputError (naming the key it is given) for what it cannot be;
  /// `write` gives it back. `expected` is for help and messages.
  void add(const std::string& key, const std::string& meaning, const std::string& expected,
           std::function<void(const nlohmann::json& value, const std::string& what)> read,
           std::function<nlohmann::json()> write);

  /// An older spelling of a key, and of values of a key, that go on being read.
  void add_old_key(const std::string& old_key, const std::string& key);
  void add_old_choice(const std::string& key, const std::string& old_choice,
                      const std::string& choice);

  /// Paths: made absolute (from the current folder) when they are read.
  void add_path(const std::string& key, std::string& value, const std::string& meaning);
  void add_path(const std::string& key, Strings& value, const std::string& meaning);

  /// Reads a YAML file: nested mappings, or dotted keys. Throws InputError that names file, line
  /// and key for unknown and repeated keys, wrong types and values out of range.
  void read_yaml(const std::filesystem::path& file);

  /// Applies one `key.path=value`; a list is written [a,b].
  void read_override(const std::string& assignment);

  /// One value as to_yaml() writes it.
  void assign(const std::string& key, const std::string& yaml);

  /// Reads a YAML file whose keys have lists of values, in the order of the file; the variables are
  /// left with the last ones. Throws InputError as read_yaml() does, for each value too.
  std::vector<GridAxis> read_grid(const std::filesystem::path& file);

  /// YAML with every key; with `comments` each line says meaning, range and default.
  std::string to_yaml(bool comments) const;

  /// Lines for --help: key, default, range and meaning.
  std::string help() const;

  /// Keys whose values differ from those of a file of to_yaml(), which come first; a key that the
  /// file lacks has its default.
  std::vector<Difference> differences(const std::filesystem::path& other_yaml) const;

  Strings keys() const;

 private:
  /// A value whose text form is somebody else's.
  struct Codec {
    std::string expected;
    std::function<void(const nlohmann::json&, const std::string&)> read;
    std::function<nlohmann::json()> write;
  };
  using Place =
      std::variant<bool*, std::int64_t*, double*, std::string*, Strings*, Numbers*, Codec*>;
  struct Field {
    std::string key;
    Place place;
    std::string meaning;
    Range range;
    Strings choices;
    bool is_path = false;
    std::string default_text = {};
    std::map<std::string, std::string> old_choices = {};
  };
  struct Source;  // where a value comes from, for messages

  void declare(Field field);
  Field& find(const std::string& key, const Source& source);
  static std::string text_of(const Field& field);
  static std::string expectation(const Field& field);
  class Reader;

  struct ValueText;

  std::vector<Field> fields_;
  std::map<std::string, std::string> old_keys_;
  std::vector<std::unique_ptr<Codec>> codecs_;
};

}  // namespace mien
