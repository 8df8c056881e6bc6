// What a table of labels holds, for people who have not said yet what they want of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

/// A table by its name: .csv, .tsv or .txt, packed (.gz) or not.
bool is_label_table(const std::filesystem::path& path);

/// Whether the table's header names images, or videos and frames. False for what cannot be read.
bool has_label_rows(const std::filesystem::path& path);

struct LabelTableFacts {
  std::int64_t rows = 0;
  bool by_image = false;                       ///< rows name images, else videos and frames
  std::map<std::string, std::int64_t> splits;  ///< rows of each; empty without the column
  std::int64_t groups = 0;                     ///< persons or recordings; 0 without the column
  bool has_weights = false;
  std::vector<std::string> unused;  ///< columns that are constant, or texts of all sorts
  std::vector<Task> tasks;          ///< that its columns look like
};

/// Reads the whole table. The guesses: columns of texts that repeat are classes, columns of 0 and 1
/// binary outputs (one task for those of a common beginning), whole numbers of few values the
/// indices of classes, other numbers continuous values. Throws InputError that names the line.
LabelTableFacts look_at_label_table(const std::filesystem::path& path);

/// Names of the folders in `root` that hold images, in byte order: a folder per class.
std::vector<std::string> folders_with_images(const std::filesystem::path& root);

}  // namespace mien
