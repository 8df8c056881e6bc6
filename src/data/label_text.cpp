#include "label_text.h"

#include <charconv>
#include <optional>
#include <system_error>

#include "mien/core/files.h"
#include "mien/core/text.h"

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

std::optional<double> label_value(Task task, std::string_view field) {
  switch (task) {
    case Task::kExpr:
      return whole_number(field, static_cast<int>(kExpressions) - 1);
    case Task::kAu:
      return whole_number(field, 1);
    case Task::kVa:
      return affect_value(field);
  }
  return std::nullopt;
}

template <std::size_t kCount>
std::string comma_separated(const std::array<const char*, kCount>& names) {
  return join({names.begin(), names.end()}, ",");
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

bool take_labels(Task task, std::string_view& rest, double* values) {
  for (std::size_t column = 0; column < label_columns(task); ++column) {
    const auto value = label_value(task, take_field(rest));
    if (!value) return false;
    values[column] = *value;
  }
  return true;
}

std::string legal_labels(Task task) {
  switch (task) {
    case Task::kExpr:
      return "one integer from -1 to 7";
    case Task::kAu:
      return "12 integers, each -1, 0 or 1";
    case Task::kVa:
      return "two numbers from -1 to 1, or -5";
  }
  return {};
}

std::string label_header(Task task) {
  switch (task) {
    case Task::kExpr:
      return comma_separated(kExpressionNames);
    case Task::kAu:
      return comma_separated(kActionUnitNames);
    case Task::kVa:
      return "valence,arousal";
  }
  return {};
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
