#include "labels/label_columns.h"

#include <algorithm>
#include <cmath>

#include "mien/core/text.h"
#include "mien/data/labels.h"

namespace mien {
namespace {

std::optional<std::size_t> column_named(const std::vector<std::string>& columns,
                                        const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto exact = std::ranges::find(columns, name);
    if (exact != columns.end()) return static_cast<std::size_t>(exact - columns.begin());
  }
  for (const std::string& name : names) {
    const auto near = std::ranges::find_if(
        columns, [&](const std::string& column) { return lower(column) == lower(name); });
    if (near != columns.end()) return static_cast<std::size_t>(near - columns.begin());
  }
  return std::nullopt;
}

/// "1", "1.0" (a table program's way with columns that have gaps).
std::optional<std::int64_t> whole_in(std::string_view text) {
  double number = 0;
  if (!parse_number(text, number) || number != std::floor(number) || std::abs(number) > 1e9) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

std::optional<double> yes_or_no(std::string_view text) {
  const auto number = whole_in(text);
  if (number == 0 || number == 1) return static_cast<double>(*number);
  const std::string word = lower(text);
  if (word == "true" || word == "yes") return 1;
  if (word == "false" || word == "no") return 0;
  return std::nullopt;
}

std::string some_names(const Task& task) {
  constexpr std::ptrdiff_t kShown = 12;
  const auto& names = task.outputs();
  const auto end = names.begin() + std::min(kShown, std::ssize(names));
  return join({names.begin(), end}) + (end == names.end() ? "" : ", ...");
}

}  // namespace

bool is_missing_label(std::string_view text) {
  if (text.empty()) return true;
  const std::string word = lower(text);
  return word == "nan" || word == "na" || word == "n/a" || word == "null" || word == "none";
}

bool names_rows(const std::string& column) {
  for (const char* name :
       {kImageColumn, kVideoColumn, kFrameColumn, kSplitColumn, kGroupColumn, kWeightColumn}) {
    if (column == name) return true;
  }
  return false;
}

std::optional<std::size_t> class_from_text(const Task& task, std::string_view text) {
  const auto& names = task.outputs();
  const auto exact = std::ranges::find(names, text);
  if (exact != names.end()) return static_cast<std::size_t>(exact - names.begin());
  const std::string word = lower(text);
  const auto same = [&word](const std::string& name) { return lower(name) == word; };
  if (std::ranges::count_if(names, same) == 1) {
    return static_cast<std::size_t>(std::ranges::find_if(names, same) - names.begin());
  }
  const auto index = whole_in(text);
  if (index && *index >= 0 && *index < std::ssize(names)) return static_cast<std::size_t>(*index);
  return std::nullopt;
}

std::optional<LabelColumns> LabelColumns::find(const CsvReader& table, const Task& task,
                                               const LabelMap& map) {
  LabelColumns found;
  found.task_ = task;
  found.map_ = map;
  if (task.is_classes()) {
    found.columns_ = {column_named(table.columns(), {task.name()})};
  } else {
    for (const std::string& output : task.outputs()) {
      found.columns_.push_back(column_named(
          table.columns(), {task.name() + "." + output, task.name() + "_" + output, output}));
    }
  }
  const bool any = std::ranges::any_of(found.columns_, [](const auto& c) { return c.has_value(); });
  return any ? std::optional(std::move(found)) : std::nullopt;
}

double LabelColumns::class_of(const CsvReader& table, std::string_view text) const {
  const auto found = class_from_text(task_, text);
  if (found) return static_cast<double>(*found);
  table.fail(*columns_.front(),
             concat("expected one of ", some_names(task_), ", a number from 0 to ",
                    task_.outputs().size() - 1, ", or nothing where it is not known"),
             nearest_match(text, task_.outputs()));
}

double LabelColumns::value_of(const CsvReader& table, std::size_t output,
                              std::string_view text) const {
  const std::size_t column = *columns_[output];
  if (task_.is_binary()) {
    const auto value = yes_or_no(text);
    if (value) return *value;
    table.fail(column, "expected 0, 1, or nothing where it is not known");
  }
  double value = 0;
  const auto [low, high] = task_.range();
  if (parse_number(text, value) && value >= low && value <= high) return value;
  table.fail(column, concat("expected a number from ", shortest(low), " to ", shortest(high),
                            ", or nothing where it is not known"));
}

bool LabelColumns::read(const CsvReader& table, std::span<double> values) const {
  bool known = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = kUnknown;
    if (!columns_[i]) continue;
    std::string_view text = table.field(*columns_[i]);
    const auto meant = map_.empty() ? map_.end() : map_.find(std::string(text));
    if (meant != map_.end()) text = meant->second;
    if (is_missing_label(text)) continue;
    values[i] = task_.is_classes() ? class_of(table, text) : value_of(table, i, text);
    known = true;
  }
  return known;
}

}  // namespace mien
