// Labels of frames and images, aligned by frame number or by file name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "mien/data/annotations.h"
#include "mien/data/tasks.h"

namespace mien {

enum class Split { kTrain, kValidation, kTest };

std::string split_name(Split split);  ///< "train", "validation", "test"
/// Throws InputError (naming `what`) for any other text; suggests the near miss.
Split split_from_name(const std::string& name, const std::string& what);

/// A label that nobody gave.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

inline bool is_known(double value) {
  return value == value;
}

/// What an unknown value among a row's labels of one task does when rows are scored.
enum class PartlyKnown {
  kDropRow,    ///< drops the row: the number that teams publish on Aff-Wild2
  kMaskValue,  ///< leaves out that output only: uses more data
};

/// In place of a group: the video's recording.
inline constexpr std::int32_t kRecordingGroup = -2;

/// Labels of one video, or of the images of one folder. Rows are sorted by frame (or by name), each
/// at most once.
struct VideoLabels {
  std::string video;
  std::vector<std::int32_t> frames;  ///< [n] ascending; empty while rows are known by name only
  /// [n, label_columns] class indices, 0 or 1, or values; kUnknown where nobody said.
  std::vector<double> values;
  std::vector<std::string> names;  ///< [n] file names of images that are no film; else empty
  std::vector<std::int32_t>
      groups;                   ///< [n] into LabelSet::groups; negative or empty: the recording
  std::vector<double> weights;  ///< [n] of a row in training; empty: 1

  std::size_t size() const { return std::max(frames.size(), names.size()); }
};

/// All videos of one task and split, in byte order of their names.
struct LabelSet {
  Task task;
  Split split = Split::kTrain;
  std::vector<VideoLabels> videos;
  std::vector<std::filesystem::path> files;  ///< what was read, for digests and messages
  std::vector<std::string> groups;           ///< names of persons or recordings kept together
  PartlyKnown partly_known = PartlyKnown::kDropRow;

  std::span<const double> row(const VideoLabels& video, std::size_t index) const;

  /// What keeps the row together with others in folds, intervals and the leak guard: the group that
  /// the labels name, else the video's recording.
  std::string group_of(const VideoLabels& video, std::size_t index) const;
};

/// Every value of the row is known.
bool is_known_row(std::span<const double> row);

/// Equal, unknown ones included.
bool same_values(std::span<const double> a, std::span<const double> b);

/// Whether the row counts in a score.
bool is_scored_row(std::span<const double> row, PartlyKnown policy);

/// Labels of each of `tasks`, in their order, from all sources. A task that a source lacks is not
/// known there; one that all lack is an error. `group_pattern`: a regular expression whose first
/// group, found in a video's or image's name, is the row's group where the labels name none.
/// Throws InputError: `<file>:<line>: <column> = <what it says>: <expected>`, or about a source
/// that holds no labels.
std::vector<LabelSet> load_labels(const Annotations& annotations, const std::vector<Task>& tasks,
                                  Split split, const std::string& group_pattern = {});
LabelSet load_labels(const Annotations& annotations, const Task& task, Split split);

/// Drops the rows for which `keep(video, row)` is false, and videos without rows.
void filter_rows(LabelSet& set,
                 const std::function<bool(const VideoLabels& video, std::size_t row)>& keep);

/// True when `root` holds the multi-task lists (training_set_annotations.txt ...) rather than
/// challenge folders.
bool is_multitask_root(const std::filesystem::path& root);

/// The challenge's annotation roots at `path`: itself, or those among its folders. load_labels()
/// takes `path` when there is exactly one.
std::vector<std::filesystem::path> annotation_roots(const std::filesystem::path& path);

/// The challenge's tasks whose folder (or multi-task list) `root` has, for messages and `inspect`.
/// None where load_labels would refuse the folder.
std::vector<Task> tasks_in(const std::filesystem::path& root);

}  // namespace mien
