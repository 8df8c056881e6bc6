#include <algorithm>
#include <cmath>
#include <set>

#include "labels/label_columns.h"
#include "mien/core/csv_reader.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/label_table.h"

namespace mien {
namespace {

constexpr std::size_t kMostClasses = 64, kMostIndices = 20;

/// What one column holds.
struct ColumnFacts {
  std::string name;
  std::set<std::string> texts;  ///< up to one more than kMostClasses
  std::int64_t known = 0;
  bool numeric = true, whole = true;
  double low = 0, high = 0;

  void add(std::string_view text) {
    if (is_missing_label(text)) return;
    if (texts.size() <= kMostClasses) texts.emplace(text);
    double number = 0;
    if (!parse_number(text, number) || !std::isfinite(number)) {
      numeric = false;
    } else {
      low = known == 0 ? number : std::min(low, number);
      high = known == 0 ? number : std::max(high, number);
      whole = whole && number == std::floor(number);
    }
    ++known;
  }

  bool is_binary() const { return numeric && whole && low >= 0 && high <= 1; }
  bool is_classes() const {
    if (numeric) {
      return whole && low >= 0 && high >= 2 && high <= static_cast<double>(kMostIndices);
    }
    return texts.size() >= 2 && texts.size() <= kMostClasses &&
           static_cast<std::int64_t>(texts.size()) * 2 <= known;
  }
  bool is_usable() const { return known > 0 && (numeric || is_classes()); }

  /// The usual range that holds the values.
  ValueRange range() const {
    if (low >= -1 && high <= 1) return low < 0 ? ValueRange{-1, 1} : ValueRange{0, 1};
    return {std::floor(low), std::ceil(high)};
  }
};

Task class_task(const ColumnFacts& column) {
  if (!column.numeric) {
    return Task(column.name, TaskKind::kClasses, {column.texts.begin(), column.texts.end()});
  }
  std::vector<std::string> names;
  for (int c = 0; c <= static_cast<int>(column.high); ++c) names.push_back(std::to_string(c));
  return Task(column.name, TaskKind::kClasses, names);
}

/// "AU1", "AU2" -> "au": the letters that all names begin with; `otherwise` when there are none.
std::string common_name(const std::vector<std::string>& names, const std::string& otherwise) {
  std::string common = names.front();
  for (const std::string& name : names) {
    const auto [end, ignored] = std::ranges::mismatch(common, name);
    common.erase(end, common.end());
  }
  while (!common.empty() && std::isalpha(static_cast<unsigned char>(common.back())) == 0) {
    common.pop_back();
  }
  return names.size() > 1 && common.size() >= 2 ? lower(common) : otherwise;
}

std::vector<Task> tasks_of(const std::vector<ColumnFacts>& columns) {
  std::vector<Task> tasks;
  std::vector<std::string> binary;
  std::map<std::pair<double, double>, std::vector<std::string>> continuous;
  for (const ColumnFacts& column : columns) {
    if (!column.is_usable()) continue;
    if (column.is_binary()) {
      binary.push_back(column.name);
    } else if (column.is_classes()) {
      tasks.push_back(class_task(column));
    } else if (column.high > column.low) {
      const ValueRange range = column.range();
      continuous[{range.low, range.high}].push_back(column.name);
    }
  }
  if (!binary.empty()) {
    tasks.emplace_back(common_name(binary, "binary"), TaskKind::kBinary, binary);
  }
  for (const auto& [range, names] : continuous) {
    const std::string name =
        names.size() == 1 ? names.front() : common_name(names, concat("values", tasks.size()));
    tasks.emplace_back(name, TaskKind::kContinuous, names, ValueRange{range.first, range.second});
  }
  return tasks;
}

std::optional<std::size_t> column_named(const CsvReader& table, const char* name) {
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    if (lower(table.columns()[c]) == name) return c;
  }
  return std::nullopt;
}

}  // namespace

bool has_label_rows(const std::filesystem::path& path) {
  try {
    const CsvReader table(path);
    return column_named(table, kImageColumn).has_value() ||
           (column_named(table, kVideoColumn) && column_named(table, kFrameColumn));
  } catch (const InputError&) {
    return false;
  }
}

LabelTableFacts look_at_label_table(const std::filesystem::path& path) {
  CsvReader table(path);
  LabelTableFacts facts;
  facts.by_image = column_named(table, kImageColumn).has_value();
  facts.has_weights = column_named(table, kWeightColumn).has_value();
  const auto split = column_named(table, kSplitColumn), group = column_named(table, kGroupColumn);
  std::vector<ColumnFacts> columns;
  std::vector<std::size_t> places;
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    if (names_rows(lower(table.columns()[c])) || table.columns()[c].empty()) continue;
    columns.push_back({.name = table.columns()[c]});
    places.push_back(c);
  }
  std::set<std::string> groups;
  while (table.next()) {
    ++facts.rows;
    if (split) ++facts.splits[std::string(table.field(*split))];
    if (group) groups.emplace(table.field(*group));
    for (std::size_t i = 0; i < places.size(); ++i) columns[i].add(table.field(places[i]));
  }
  facts.groups = std::ssize(groups);
  facts.tasks = tasks_of(columns);
  std::set<std::string> used;
  for (const Task& task : facts.tasks) {
    if (task.is_classes()) used.insert(task.name());
    used.insert(task.outputs().begin(), task.outputs().end());
  }
  for (const ColumnFacts& column : columns) {
    if (!used.contains(column.name)) facts.unused.push_back(column.name);
  }
  return facts;
}

}  // namespace mien
