// Annotations of Aff-Wild2, aligned by frame number. Sources of the layouts: the challenge's
// releases from the 3rd edition on. Data line i (1-based, after the header) labels frame i.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mien/data/tasks.h"

namespace mien {

enum class Split { kTrain, kValidation };

std::string split_name(Split split);  ///< "train", "validation"

/// Labels of one video. Rows are sorted by frame, each frame at most once.
struct VideoLabels {
  std::string video;
  std::vector<std::int32_t> frames;  ///< [n] 1-based, ascending
  std::vector<double> values;        ///< [n, label_columns] as in the files, -1 / -5 included
};

/// All videos of one task and split, in byte order of their names.
struct LabelSet {
  Task task = Task::kExpr;
  Split split = Split::kTrain;
  std::vector<VideoLabels> videos;
  std::vector<std::filesystem::path> files;  ///< what was read, for digests and messages

  std::span<const double> row(const VideoLabels& video, std::size_t index) const;
};

/// EXPR: not -1. AU: none of the 12 is -1. VA: neither is -5.
bool is_valid_row(Task task, std::span<const double> row);
/// One AU (0 or 1) or any other single value; masks element by element.
bool is_valid_value(Task task, double value);

/// The annotation root `root` may be the folder that holds the challenge folders
/// (`EXPR_Classification_Challenge` or `EXPR_Recognition_Challenge`, `AU_Detection_Challenge`,
/// `VA_Estimation_Challenge`), a folder above it that holds one such folder, or a folder with the
/// multi-task lists. A task's own challenge folder wins over a list beside it. Throws InputError:
/// `<file>:<line> = <what it says>: <expected>`, or about the folder when it holds no annotations,
/// several, or not the task's.
LabelSet load_labels(const std::filesystem::path& root, Task task, Split split);

/// True when `root` holds the multi-task lists (training_set_annotations.txt ...) rather than
/// challenge folders.
bool is_multitask_root(const std::filesystem::path& root);

/// The annotation roots at `path`: itself, or those among its folders. load_labels() takes `path`
/// when there is exactly one.
std::vector<std::filesystem::path> annotation_roots(const std::filesystem::path& path);

/// The tasks whose challenge folder (or multi-task list) `root` has, for messages and `inspect`.
/// None where load_labels would refuse the folder.
std::vector<Task> tasks_in(const std::filesystem::path& root);

}  // namespace mien
