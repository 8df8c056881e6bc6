#include <charconv>

#include "mien/core/text.h"
#include "mien/data/challenge.h"
#include "mien/data/submission_format.h"

namespace mien {
namespace {

enum class Kind { kClass, kBinary, kUnitInterval };

struct Column {
  Kind kind;
  const char* name;
  int classes;  ///< kClass: how many
};

Column column_of(SubmissionTask task, std::size_t index) {
  switch (task) {
    case SubmissionTask::kExpr:
      return {Kind::kClass, "expression", static_cast<int>(kExpressions)};
    case SubmissionTask::kCe:
      return {Kind::kClass, "compound expression", static_cast<int>(kCompounds)};
    case SubmissionTask::kVa:
      return {Kind::kUnitInterval, index == 0 ? "valence" : "arousal", 0};
    case SubmissionTask::kAu:
      return {Kind::kBinary, kActionUnitNames[index], 0};
    case SubmissionTask::kMtl:
      break;
  }
  if (index < 2) return column_of(SubmissionTask::kVa, index);
  return index == 2 ? column_of(SubmissionTask::kExpr, 0)
                    : column_of(SubmissionTask::kAu, index - 3);
}

std::string expectation(const Column& column) {
  switch (column.kind) {
    case Kind::kClass:
      return "expected an integer from 0 to " + std::to_string(column.classes - 1);
    case Kind::kBinary:
      return "expected 0 or 1";
    case Kind::kUnitInterval:
      break;
  }
  return "expected a number in [-1, 1]";
}

std::string_view without_blanks(std::string_view field) {
  while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  return field;
}

bool parse_field(const Column& column, std::string_view field, double& value) {
  field = without_blanks(field);
  if (column.kind != Kind::kUnitInterval) {
    const int limit = column.kind == Kind::kBinary ? 2 : column.classes;
    if (field.size() != 1 || field[0] < '0' || field[0] >= '0' + limit) return false;
    value = static_cast<double>(field[0] - '0');
    return true;
  }
  double number = 0;
  if (field.starts_with("+-")) return false;
  // The comparison is false for NaN.
  if (!parse_number(field, number) || !(number >= -1 && number <= 1)) return false;
  value = static_cast<double>(number);
  return true;
}

IllegalField wrong_count(SubmissionTask task, std::string_view text) {
  const std::size_t wanted = submission_columns(task) + 1;
  const std::size_t found = split(text, ',').size() + 1;
  return {"fields", std::to_string(found),
          concat("expected ", wanted, " (image location and ", wanted - 1,
                 wanted == 2 ? " value)" : " values)")};
}

}  // namespace

std::optional<IllegalField> parse_values(SubmissionTask task, std::string_view text,
                                         std::span<double> values) {
  std::string_view rest = text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t comma = rest.find(',');
    const bool last = i + 1 == values.size();
    if (last != (comma == std::string_view::npos)) return wrong_count(task, text);
    const std::string_view field = rest.substr(0, comma);
    const Column column = column_of(task, i);
    if (!parse_field(column, field, values[i])) {
      return IllegalField{column.name, shown(field), expectation(column)};
    }
    if (!last) rest.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

}  // namespace mien
