// Which columns of a table hold a task's labels, and what their texts mean.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mien/core/csv_reader.h"
#include "mien/data/tasks.h"

namespace mien {

/// The columns of a table that name a row or say how it is used.
inline constexpr const char* kImageColumn = "image";
inline constexpr const char* kVideoColumn = "video";
inline constexpr const char* kFrameColumn = "frame";
inline constexpr const char* kSplitColumn = "split";
inline constexpr const char* kGroupColumn = "group";
inline constexpr const char* kWeightColumn = "weight";

/// Whether a field says that a label is not known: empty, or what table programs write for that.
bool is_missing_label(std::string_view text);

/// Whether the column is one of those.
bool names_rows(const std::string& column);

using LabelMap = std::map<std::string, std::string>;  ///< text as written -> text that is meant

/// One task's labels in a table.
class LabelColumns {
 public:
  /// Nothing when the table has no column of the task. A column is named as the task (classes) or
  /// the output, alone or with the task's name before it ("au_AU1" or "au.AU1").
  static std::optional<LabelColumns> find(const CsvReader& table, const Task& task,
                                          const LabelMap& map);

  /// Reads the current row into `values` [label_columns]; kUnknown for empty fields. True when one
  /// is known. Throws InputError that names the line and the column.
  bool read(const CsvReader& table, std::span<double> values) const;

 private:
  double class_of(const CsvReader& table, std::string_view text) const;
  double value_of(const CsvReader& table, std::size_t output, std::string_view text) const;

  Task task_;
  std::vector<std::optional<std::size_t>> columns_;  ///< per output, or one
  LabelMap map_;
};

/// The class that a text names: by name (exactly, or whatever its case), or by its index. Nothing
/// when it names none.
std::optional<std::size_t> class_from_text(const Task& task, std::string_view text);

}  // namespace mien
