#include "mien/training/dataset.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/interrupt.h"
#include "mien/core/text.h"

namespace mien {
namespace {

/// One task's labels of one video, read along ascending frames.
class LabelCursor {
 public:
  LabelCursor(const LabelSet& set, const std::string& video) : set_(set) {
    const auto found = std::lower_bound(
        set.videos.begin(), set.videos.end(), video,
        [](const VideoLabels& labels, const std::string& name) { return labels.video < name; });
    if (found != set.videos.end() && found->video == video) video_ = &*found;
  }

  /// The label values of `frame`, empty when there are none. Frames must not descend.
  std::span<const double> at(std::int32_t frame) {
    if (video_ == nullptr) return {};
    while (next_ < video_->frames.size() && video_->frames[next_] < frame) ++next_;
    if (next_ == video_->frames.size() || video_->frames[next_] != frame) return {};
    return set_.row(*video_, next_);
  }

 private:
  const LabelSet& set_;
  const VideoLabels* video_ = nullptr;
  std::size_t next_ = 0;
};

bool any_valid(Task task, std::span<const double> row) {
  if (task == Task::kVa) return !row.empty() && is_valid_row(task, row);
  return std::any_of(row.begin(), row.end(),
                     [task](double value) { return is_valid_value(task, value); });
}

/// Valence and arousal are known together, AUs one by one.
std::size_t mask_columns(Task task) {
  return task == Task::kAu ? kActionUnits : 1;
}

/// Frames whose row has a valid value of the task.
std::int64_t labelled_frames(const LabelSet& set) {
  std::int64_t count = 0;
  for (const VideoLabels& video : set.videos) {
    for (std::size_t i = 0; i < video.frames.size(); ++i)
      count += any_valid(set.task, set.row(video, i));
  }
  return count;
}

/// The same video in all banks, and the frames that all of them have.
class SideBySide {
 public:
  SideBySide(const std::vector<Bank>& banks, const std::string& video) {
    for (const Bank& bank : banks) {
      if (!bank.has(video)) return;
    }
    for (const Bank& bank : banks) {
      parts_.push_back({bank.open(video), 0});
      parts_.back().video.require_finite();
    }
  }

  std::span<const std::int32_t> frames() const {
    return parts_.empty() ? std::span<const std::int32_t>() : parts_.front().video.frames();
  }

  /// Moves every bank to `frame`; false when one of them lacks it.
  bool seek(std::int32_t frame) {
    for (Part& part : parts_) {
      const auto all = part.video.frames();
      while (part.row < all.size() && all[part.row] < frame) ++part.row;
      if (part.row == all.size() || all[part.row] != frame) return false;
    }
    return true;
  }

  /// Appends the embeddings at the place of seek().
  void append_to(std::vector<std::uint16_t>& rows) const {
    for (const Part& part : parts_) {
      const auto row = part.video.row(part.row);
      rows.insert(rows.end(), row.begin(), row.end());
    }
  }

 private:
  struct Part {
    VideoEmbeddings video;
    std::size_t row;
  };
  std::vector<Part> parts_;
};

/// Collects rows on the host before they become tensors.
class Collector {
 public:
  Collector(const std::vector<Bank>& banks, const SplitLabels& labels)
      : banks_(banks), labels_(labels), columns_(labels.size()) {}

  void add_video(const std::string& video) {
    throw_if_interrupted("nothing was written yet");
    SideBySide embeddings(banks_, video);
    std::vector<LabelCursor> cursors;
    for (const LabelSet& set : labels_) cursors.emplace_back(set, video);
    std::optional<std::uint32_t> index;
    for (const std::int32_t frame : embeddings.frames()) {
      std::vector<std::span<const double>> values;
      bool labelled = false;
      for (std::size_t t = 0; t < labels_.size(); ++t) {
        values.push_back(cursors[t].at(frame));
        labelled = labelled || any_valid(labels_[t].task, values.back());
      }
      if (!labelled || !embeddings.seek(frame)) continue;
      if (!index) {
        index = static_cast<std::uint32_t>(data_.videos.size());
        data_.videos.push_back(video);
      }
      data_.rows.push_back({*index, frame});
      embeddings.append_to(halves_);
      for (std::size_t t = 0; t < labels_.size(); ++t) add_labels(t, values[t]);
    }
  }

  Dataset finish(const std::string& device) {
    if (data_.rows.size() < 2) {
      throw InputError("bank", banks_.front().folder().string(),
                       concat("has ", data_.rows.size(),
                              " of the labelled frames of the split; expected at least 2 (do the "
                              "names of its videos match the annotations'?)"));
    }
    const auto rows = data_.size();
    const auto dim = static_cast<std::int64_t>(halves_.size()) / rows;
    data_.embeddings = copied(halves_, {rows, dim}, at::kHalf).to(at::Device(device));
    data_.row_videos = row_videos().to(at::Device(device));
    for (std::size_t t = 0; t < labels_.size(); ++t) finish_task(t, at::Device(device));
    return std::move(data_);
  }

 private:
  struct Column {
    std::vector<float> values;        ///< [N, columns], 0 where not valid
    std::vector<std::uint8_t> valid;  ///< [N, mask_columns]
    std::int64_t rows_with_label = 0;
  };

  template <class T>
  static at::Tensor copied(std::vector<T>& values, at::IntArrayRef shape, at::ScalarType dtype) {
    return at::from_blob(values.data(), shape, dtype).clone();
  }

  void add_labels(std::size_t t, std::span<const double> row) {
    Column& column = columns_[t];
    const Task task = labels_[t].task;
    const bool any = any_valid(task, row);
    if (mask_columns(task) == 1) column.valid.push_back(any);
    for (std::size_t c = 0; c < label_columns(task); ++c) {
      const bool valid = any && is_valid_value(task, row[c]);
      column.values.push_back(valid ? static_cast<float>(row[c]) : 0);
      if (mask_columns(task) > 1) column.valid.push_back(valid);
    }
    column.rows_with_label += any;
  }

  at::Tensor row_videos() const {
    std::vector<std::int64_t> videos;
    for (const RowSource& row : data_.rows) videos.push_back(row.video);
    return copied(videos, {data_.size()}, at::kLong);
  }

  void finish_task(std::size_t t, const at::Device& device) {
    Column& column = columns_[t];
    TaskLabels task;
    task.task = labels_[t].task;
    const auto width = static_cast<std::int64_t>(label_columns(task.task));
    const auto mask_width = static_cast<std::int64_t>(mask_columns(task.task));
    task.valid_host = copied(column.valid, {data_.size(), mask_width}, at::kByte).to(at::kBool);
    const at::Tensor values = copied(column.values, {data_.size(), width}, at::kFloat);
    const bool classes = task.task == Task::kExpr;
    const at::Tensor mask = mask_width == 1 ? task.valid_host.select(1, 0) : task.valid_host;
    task.labels = (classes ? values.select(1, 0).to(at::kLong) : values).to(device);
    task.valid = mask.to(device).contiguous();
    task.all_valid = std::all_of(column.valid.begin(), column.valid.end(),
                                 [](std::uint8_t valid) { return valid != 0; });
    task.without_embedding = labelled_frames(labels_[t]) - column.rows_with_label;
    data_.tasks.push_back(std::move(task));
  }

  const std::vector<Bank>& banks_;
  const SplitLabels& labels_;
  std::vector<Column> columns_;
  std::vector<std::uint16_t> halves_;
  Dataset data_;
};

/// Targets of some rows; undefined `index` means all of them.
TaskTargets targets_of(const TaskLabels& task, const at::Tensor& index, at::ScalarType dtype) {
  TaskTargets targets;
  targets.task = task.task;
  targets.labels = index.defined() ? task.labels.index_select(0, index) : task.labels;
  if (task.task != Task::kExpr) targets.labels = targets.labels.to(dtype);
  if (task.all_valid) return targets;
  targets.valid = index.defined() ? task.valid.index_select(0, index) : task.valid;
  return targets;
}

void add_videos(std::vector<TaskTargets>& targets, const at::Tensor& of_rows, std::int64_t count) {
  for (TaskTargets& task : targets) {
    task.videos = of_rows;
    task.video_count = count;
  }
}

}  // namespace

Batch Dataset::gather(const std::vector<std::int64_t>& order, std::int64_t begin, std::int64_t end,
                      at::ScalarType dtype) const {
  const at::Tensor host =
      at::from_blob(const_cast<std::int64_t*>(order.data()) + begin, {end - begin}, at::kLong);
  const at::Tensor index = host.to(embeddings.device());
  Batch batch;
  batch.embeddings = embeddings.index_select(0, index).to(dtype);
  for (const TaskLabels& task : tasks) batch.targets.push_back(targets_of(task, index, dtype));
  add_videos(batch.targets, row_videos.index_select(0, index), std::ssize(videos));
  return batch;
}

std::vector<TaskTargets> Dataset::all_targets() const {
  std::vector<TaskTargets> targets;
  for (const TaskLabels& task : tasks) targets.push_back(targets_of(task, {}, at::kFloat));
  add_videos(targets, row_videos, std::ssize(videos));
  return targets;
}

std::string Dataset::digest() const {
  Sha256 sha;
  for (const std::string& video : videos) sha.update(video + "\n");
  sha.update(std::as_bytes(std::span(rows)));
  const auto add = [&sha](const at::Tensor& tensor) {
    const at::Tensor host = tensor.to(at::kCPU).contiguous();
    sha.update({static_cast<const std::byte*>(host.const_data_ptr()), host.nbytes()});
  };
  add(embeddings);
  for (const TaskLabels& task : tasks) {
    sha.update(task_name(task.task));
    add(task.labels);
    add(task.valid_host);
  }
  return sha.hex();
}

std::vector<std::int64_t> Dataset::expr_counts() const {
  for (const TaskLabels& task : tasks) {
    if (task.task != Task::kExpr) continue;
    const at::Tensor labels = task.labels.masked_select(task.valid).to(at::kCPU);
    const at::Tensor counts = labels.bincount({}, kExpressions).contiguous();
    const auto* values = counts.const_data_ptr<std::int64_t>();
    return {values, values + counts.numel()};
  }
  return {};
}

std::vector<double> Dataset::au_shares() const {
  for (const TaskLabels& task : tasks) {
    if (task.task != Task::kAu) continue;
    const at::Tensor valid = task.valid_host.sum(0, false, at::kDouble).clamp_min(1);
    const at::Tensor ones = task.labels.to(at::kCPU, at::kDouble).sum(0);  // 0 where not valid
    const at::Tensor shares = ones.div(valid).contiguous();
    const auto* values = shares.const_data_ptr<double>();
    return {values, values + shares.numel()};
  }
  return {};
}

std::vector<double> Dataset::va_means() const {
  for (const TaskLabels& task : tasks) {
    if (task.task != Task::kVa) continue;
    const at::Tensor valid = task.valid_host.sum(0, false, at::kDouble).clamp_min(1);
    const at::Tensor sums = task.labels.to(at::kCPU, at::kDouble).sum(0);  // 0 where not valid
    const at::Tensor means = sums.div(valid).contiguous();
    const auto* values = means.const_data_ptr<double>();
    return {values, values + means.numel()};
  }
  return {};
}

Dataset load_dataset(const std::vector<Bank>& banks, const SplitLabels& labels,
                     const std::string& device) {
  Collector collector(banks, labels);
  for (const std::string& video : videos_of(labels)) collector.add_video(video);
  return collector.finish(device);
}

}  // namespace mien
