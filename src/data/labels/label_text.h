// Lines and values of annotation files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mien/core/error.h"
#include "mien/data/tasks.h"

namespace mien {

/// The lines of a label file without the empty ones at its end. Views into `text`.
std::vector<std::string_view> label_lines(std::string_view text);

/// Takes the next field, without blanks around it, off the front of a comma separated line.
std::string_view take_field(std::string_view& rest);

/// Reads the values of a challenge's task off the front of `rest` into `values` (label_columns of
/// them); -1 and -5 become kUnknown. False when one is missing or not among the legal values.
bool take_labels(const Task& task, std::string_view& rest, std::span<double> values);

/// "12 integers, each -1, 0 or 1": what a row of the task holds.
std::string legal_labels(const Task& task);

/// The header line of the task's files.
std::string label_header(const Task& task);

/// An error about one line (1-based) of a file; `found` is shortened when it is long.
InputError line_error(const std::filesystem::path& file, std::size_t line, std::string_view found,
                      const std::string& expected);

}  // namespace mien
