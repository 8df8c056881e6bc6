// Labelled frames with their embeddings, in memory, in the order of training.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mien/bank/bank.h"
#include "mien/data/labels.h"
#include "mien/head/head_file.h"
#include "mien/objective/objective.h"
#include "mien/training/input_moments.h"
#include "mien/training/options.h"

namespace mien {

/// The labels of one side of the split, one set a task in the order of `tasks`.
using SplitLabels = std::vector<LabelSet>;

/// Both sides, as the options say: the official splits, or folds of the training videos.
struct LabelSplit {
  SplitLabels training, validation;
};
LabelSplit load_label_split(const Annotations& annotations, const std::vector<Task>& tasks,
                            const SplitSpec& split);

/// One side of it only (of a run that is evaluated).
SplitLabels load_split_side(const Annotations& annotations, const std::vector<Task>& tasks,
                            const SplitSpec& split, Split side);

/// Names of the videos of a split, in byte order.
std::vector<std::string> videos_of(const SplitLabels& labels);

/// Names of the groups of a split's rows: persons, recordings.
std::set<std::string> groups_of(const SplitLabels& labels);

/// Where a row comes from.
struct RowSource {
  std::uint32_t video = 0;  ///< index into Dataset::videos
  std::int32_t frame = 0;
};

/// One task's labels, a row a sample.
struct TaskLabels {
  Task task;
  /// Classes int64 [N]; binary uint8 [N, K]; continuous fp32 [N, K] in the task's range; 0 where
  /// not known. On the device.
  at::Tensor labels;
  at::Tensor valid;       ///< bool [N] (known as a whole or not at all) or [N, K]. On the device
  at::Tensor valid_host;  ///< the same on the CPU, [N, 1] or [N, K]
  PartlyKnown partly_known = PartlyKnown::kDropRow;  ///< as the labels' source has it
  bool all_valid = false;
  std::int64_t without_embedding = 0;  ///< labelled frames that the bank lacks
};

/// What a step gets.
struct Batch {
  at::Tensor embeddings;  ///< [B, D] in the head's dtype
  std::vector<TaskTargets> targets;
};

/// A digest from the first time that it is asked for. A copy, which may come to hold other data,
/// makes its own.
class LazyDigest {
 public:
  LazyDigest() = default;
  LazyDigest(const LazyDigest&) {}
  LazyDigest& operator=(const LazyDigest&) {
    value_.clear();
    return *this;
  }

  const std::string& get(const std::function<std::string()>& make) const {
    const std::lock_guard lock(mutex_);
    if (value_.empty()) value_ = make();
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::string value_;
};

struct Dataset {
  std::vector<std::string> videos;  ///< byte order
  std::vector<RowSource> rows;      ///< [N] by video, frames ascending
  at::Tensor embeddings;            ///< fp16 [N, D] on the device, as the bank has them
  at::Tensor row_videos;            ///< int64 [N] on the device: RowSource::video of each row
  at::Tensor row_weights;           ///< fp32 [N] on the device, mean 1; undefined: all weigh 1
  std::vector<TaskLabels> tasks;
  std::optional<InputMoments> moments;  ///< of the embeddings, where a head standardises by them
  LazyDigest lazy_digest;

  std::int64_t size() const { return static_cast<std::int64_t>(rows.size()); }
  std::int64_t dim() const { return embeddings.size(1); }

  /// Of names, frames, embeddings and labels: tells a resumed run whether the data is the same.
  /// Reads them all at the first call. Safe from several threads.
  const std::string& digest() const;

  /// The rows `order[begin, end)`; `dtype` is the head's.
  Batch gather(const std::vector<std::int64_t>& order, std::int64_t begin, std::int64_t end,
               at::ScalarType dtype) const;

  /// All rows' targets, without copying.
  std::vector<TaskTargets> all_targets() const;

  /// Labels per class, in the order of the tasks; nothing for tasks of other kinds.
  ClassCounts class_counts() const;
  /// Of every task.
  LabelStatistics statistics() const;
};

/// Frames with a valid label of any task and an embedding in every bank (side by side). Beside the
/// result no second copy of the embeddings is made, and no page of the banks stays mapped. Throws
/// InputError when there is none, and for a non-finite embedding (video and frame).
Dataset load_dataset(const std::vector<Bank>& banks, SplitLabels labels, const std::string& device);

}  // namespace mien
