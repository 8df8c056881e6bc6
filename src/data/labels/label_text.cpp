#include "labels/label_text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "mien/data/labels.h"

namespace mien {
namespace {

template <class Number>
std::optional<Number> parsed(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  Number number{};
  const char* end = field.data() + field.size();
  const auto [stopped, error] = std::from_chars(field.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::optional<double> whole_number(std::string_view field, int highest) {
  const auto number = parsed<int>(field);
  if (!number || *number < -1 || *number > highest) return std::nullopt;
  return static_cast<double>(*number);
}

std::optional<double> affect_value(std::string_view field) {
  const auto number = parsed<double>(field);
  if (!number || !((*number >= -1 && *number <= 1) || *number == -5)) return std::nullopt;
  return number;
}

std::optional<double> label_value(const Task& task, std::string_view field) {
  switch (task.kind()) {
    case TaskKind::kClasses:
      return whole_number(field, static_cast<int>(kExpressions) - 1);
    case TaskKind::kBinary:
      return whole_number(field, 1);
    case TaskKind::kContinuous:
      break;
  }
  return affect_value(field);
}

/// -1, and -5 among continuous values, say that a label is not known.
bool says_unknown(const Task& task, double value) {
  return task.is_continuous() ? value < -1 : value < 0;
}

}  // namespace

std::vector<std::string_view> label_lines(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  while (!lines.empty() && trim(lines.back()).empty()) lines.pop_back();
  return lines;
}

std::string_view take_field(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view field = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return trim(field);
}

bool take_labels(const Task& task, std::string_view& rest, std::span<double> values) {
  bool any_unknown = false;
  for (double& to : values) {
    const auto value = label_value(task, take_field(rest));
    if (!value) return false;
    const bool unknown = says_unknown(task, *value);
    any_unknown = any_unknown || unknown;
    to = unknown ? kUnknown : *value;
  }
  // Valence and arousal are known together or not at all.
  if (task.is_continuous() && any_unknown) std::ranges::fill(values, kUnknown);
  return true;
}

std::string legal_labels(const Task& task) {
  switch (task.kind()) {
    case TaskKind::kClasses:
      return "one integer from -1 to 7";
    case TaskKind::kBinary:
      return "12 integers, each -1, 0 or 1";
    case TaskKind::kContinuous:
      break;
  }
  return "two numbers from -1 to 1, or -5";
}

std::string label_header(const Task& task) {
  return join(task.outputs(), ",");
}

InputError line_error(const std::filesystem::path& file, std::size_t line, std::string_view found,
                      const std::string& expected) {
  constexpr std::size_t kShown = 120;
  std::string shown(found.substr(0, kShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '?';
  }
  if (found.size() > kShown) shown += "...";
  return InputError(concat(file.string(), ":", line), shown, expected);
}

}  // namespace mien
