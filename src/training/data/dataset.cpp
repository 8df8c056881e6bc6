#include "mien/training/dataset.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>

#include "data/bank_rows.h"
#include "mien/bank/image_numbers.h"
#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/interrupt.h"
#include "mien/core/memory.h"
#include "mien/core/text.h"
#include "mien/data/frame_base.h"

namespace mien {
namespace {

constexpr std::int64_t kRowsAtOnce = 65536;  ///< of what is not to be copied as a whole

/// One task's labels of one video, read along ascending frames.
class LabelCursor {
 public:
  LabelCursor(const LabelSet& set, const std::string& video) : set_(set) {
    const auto found = std::lower_bound(
        set.videos.begin(), set.videos.end(), video,
        [](const VideoLabels& labels, const std::string& name) { return labels.video < name; });
    if (found != set.videos.end() && found->video == video) video_ = &*found;
  }

  /// Those with a row, ascending; none without labels of the video.
  std::span<const std::int32_t> frames() const {
    return video_ == nullptr ? std::span<const std::int32_t>() : std::span(video_->frames);
  }

  /// The label values of `frame`, empty when there are none. Frames must not descend.
  std::span<const double> at(std::int32_t frame) {
    return go_to(frame) ? set_.row(*video_, next_) : std::span<const double>();
  }

  /// The weight of `frame`'s row, none without the row. Frames must not descend.
  std::optional<double> weight_at(std::int32_t frame) {
    if (!go_to(frame)) return std::nullopt;
    return video_->weights.empty() ? 1 : video_->weights[next_];
  }

 private:
  bool go_to(std::int32_t frame) {
    if (video_ == nullptr) return false;
    while (next_ < video_->frames.size() && video_->frames[next_] < frame) ++next_;
    return next_ < video_->frames.size() && video_->frames[next_] == frame;
  }

  const LabelSet& set_;
  const VideoLabels* video_ = nullptr;
  std::size_t next_ = 0;
};

bool any_known(std::span<const double> row) {
  return std::ranges::any_of(row, is_known);
}

/// Classes are known or not; so are rows of continuous values where the labels' source says so.
std::size_t mask_columns(const LabelSet& set) {
  const bool as_a_whole = set.task.is_classes() ||
                          (set.task.is_continuous() && set.partly_known == PartlyKnown::kDropRow);
  return as_a_whole ? 1 : score_columns(set.task);
}

/// Frames whose row has a valid value of the task.
std::int64_t labelled_frames(const LabelSet& set) {
  std::int64_t count = 0;
  for (const VideoLabels& video : set.videos) {
    for (std::size_t i = 0; i < video.frames.size(); ++i) count += any_known(set.row(video, i));
  }
  return count;
}

/// Which rows there are: videos and rows of the result.
void find_rows(const std::vector<Bank>& banks, const SplitLabels& labels, Dataset& data) {
  for (const std::string& video : videos_of(labels)) {
    throw_if_interrupted("nothing was written yet");
    std::vector<LabelCursor> cursors;
    for (const LabelSet& set : labels) cursors.emplace_back(set, video);
    const auto index = static_cast<std::uint32_t>(data.videos.size());
    const std::size_t rows_before = data.rows.size();
    const std::vector<std::int32_t> frames = shared_frames(banks, video);
    for (const LabelCursor& cursor : cursors) {
      require_same_base("bank", video_file(banks.front().folder(), video).string(), frames,
                        cursor.frames());
    }
    for (const std::int32_t frame : frames) {
      bool labelled = false;
      for (std::size_t t = 0; t < labels.size() && !labelled; ++t) {
        labelled = any_known(cursors[t].at(frame));
      }
      if (labelled) data.rows.push_back({index, frame});
    }
    if (data.rows.size() > rows_before) data.videos.push_back(video);
  }
  if (data.rows.size() < 2) {
    throw InputError("bank", banks.front().folder().string(),
                     concat("has ", data.rows.size(),
                            " of the labelled frames of the split; expected at least 2 (do the "
                            "names of its videos match the annotations'?)"));
  }
}

/// The frames of each video's rows, in the order of the rows.
std::vector<std::vector<std::int32_t>> frames_by_video(const Dataset& data) {
  std::vector<std::vector<std::int32_t>> frames(data.videos.size());
  for (const RowSource& row : data.rows) frames[row.video].push_back(row.frame);
  return frames;
}

/// The one copy of the embeddings, made video by video where it stays.
at::Tensor load_embeddings(const std::vector<Bank>& banks, const Dataset& data,
                           const at::Device& device) {
  std::int64_t dim = 0, first = 0;
  for (const Bank& bank : banks) dim += bank.info().encoder.embedding_dim;
  const auto halves = at::TensorOptions().dtype(at::kHalf);
  const at::Tensor all = at::empty({data.size(), dim}, halves.device(device));
  const auto frames = frames_by_video(data);
  for (std::size_t video = 0; video < frames.size(); ++video) {
    throw_if_interrupted("nothing was written yet");
    const at::Tensor rows = all.narrow(0, first, std::ssize(frames[video]));
    const at::Tensor host = device.is_cpu() ? rows : at::empty(rows.sizes(), halves);
    copy_rows(banks, data.videos[video], frames[video], host);
    if (!device.is_cpu()) rows.copy_(host);
    first += rows.size(0);
  }
  return all;
}

at::Tensor row_videos(const Dataset& data) {
  const at::Tensor videos = at::empty({data.size()}, at::TensorOptions().dtype(at::kLong));
  std::transform(data.rows.begin(), data.rows.end(), videos.mutable_data_ptr<std::int64_t>(),
                 [](const RowSource& row) { return row.video; });
  return videos;
}

/// Of the rows, scaled to a mean of 1; undefined when no source gives weights. Tasks of one source
/// agree about a row, so the first that has it answers.
at::Tensor row_weights(const SplitLabels& labels, const Dataset& data) {
  const bool weighted = std::ranges::any_of(labels, [](const LabelSet& set) {
    return std::ranges::any_of(set.videos,
                               [](const VideoLabels& video) { return !video.weights.empty(); });
  });
  if (!weighted) return {};
  std::vector<double> weights(data.rows.size(), 1);
  double sum = 0;
  std::vector<LabelCursor> cursors;
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    const RowSource& row = data.rows[i];
    if (i == 0 || row.video != data.rows[i - 1].video) {
      cursors.clear();
      for (const LabelSet& set : labels) cursors.emplace_back(set, data.videos[row.video]);
    }
    for (LabelCursor& cursor : cursors) {
      const auto weight = cursor.weight_at(row.frame);
      if (!weight) continue;
      weights[i] = *weight;
      break;
    }
    sum += weights[i];
  }
  if (!(sum > 0)) throw InputError("weight", "0", "expected rows with a weight above 0");
  const at::Tensor scaled = at::empty({data.size()}, at::TensorOptions().dtype(at::kFloat));
  std::ranges::transform(weights, scaled.mutable_data_ptr<float>(), [&](double weight) {
    return static_cast<float>(weight * static_cast<double>(weights.size()) / sum);
  });
  return scaled;
}

TaskLabels load_task(const LabelSet& set, const Dataset& data, const at::Device& device) {
  const std::size_t columns = label_columns(set.task), masks = mask_columns(set);
  const at::ScalarType dtype = set.task.is_classes()  ? at::kLong
                               : set.task.is_binary() ? at::kByte
                                                      : at::kFloat;
  const auto made = [&](std::size_t width, at::ScalarType kind) {
    return at::zeros({data.size(), static_cast<std::int64_t>(width)},
                     at::TensorOptions().dtype(kind));
  };
  TaskLabels task{.task = set.task, .partly_known = set.partly_known, .all_valid = true};
  task.valid_host = made(masks, at::kBool);
  const at::Tensor labels = made(columns, dtype);
  auto* valid = task.valid_host.mutable_data_ptr<bool>();
  const auto store = [&, at = labels.mutable_data_ptr()](std::size_t i, double value) {
    if (dtype == at::kLong) static_cast<std::int64_t*>(at)[i] = static_cast<std::int64_t>(value);
    if (dtype == at::kByte) static_cast<std::uint8_t*>(at)[i] = static_cast<std::uint8_t>(value);
    if (dtype == at::kFloat) static_cast<float*>(at)[i] = static_cast<float>(value);
  };
  std::int64_t rows_with_label = 0;
  std::optional<LabelCursor> cursor;
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    const RowSource& row = data.rows[i];
    if (i == 0 || row.video != data.rows[i - 1].video) cursor.emplace(set, data.videos[row.video]);
    const std::span<const double> values = cursor->at(row.frame);
    const bool any = any_known(values);
    rows_with_label += any;
    if (masks == 1) valid[i] = any;
    for (std::size_t c = 0; c < columns; ++c) {
      const bool known = any && is_known(values[c]);
      if (masks > 1) valid[i * masks + c] = known;
      if (known) store(i * columns + c, values[c]);
    }
  }
  task.all_valid = std::all_of(valid, valid + task.valid_host.numel(), [](bool v) { return v; });
  task.labels = (set.task.is_classes() ? labels.select(1, 0) : labels).to(device);
  const bool by_row = masks == 1 && !set.task.is_binary();
  const at::Tensor mask = by_row ? task.valid_host.select(1, 0) : task.valid_host;
  task.valid = mask.to(device).contiguous();
  task.without_embedding = labelled_frames(set) - rows_with_label;
  return task;
}

/// Values of a range as values of [-1, 1]: the very same for that range.
at::Tensor within_one(const at::Tensor& values, const ValueRange& range) {
  if (range == ValueRange()) return values;
  return values.sub((range.low + range.high) / 2).mul(2 / (range.high - range.low));
}

/// Targets of some rows; undefined `index` means all of them.
TaskTargets targets_of(const TaskLabels& task, const at::Tensor& index, at::ScalarType dtype) {
  TaskTargets targets;
  targets.task = task.task;
  targets.labels = index.defined() ? task.labels.index_select(0, index) : task.labels;
  if (!task.task.is_classes()) targets.labels = targets.labels.to(dtype);
  if (task.task.is_continuous()) targets.labels = within_one(targets.labels, task.task.range());
  if (task.all_valid) return targets;
  targets.valid = index.defined() ? task.valid.index_select(0, index) : task.valid;
  return targets;
}

void add_row_facts(std::vector<TaskTargets>& targets, const at::Tensor& videos,
                   const at::Tensor& weights, std::int64_t video_count) {
  for (TaskTargets& task : targets) {
    task.videos = videos;
    task.weights = weights;
    task.video_count = video_count;
  }
}

/// With the values in `dtype`.
void update(Sha256& sha, const at::Tensor& tensor, at::ScalarType dtype) {
  for (const at::Tensor& chunk : tensor.split(kRowsAtOnce)) {
    const at::Tensor host = chunk.to(at::kCPU, dtype).contiguous();
    sha.update({static_cast<const std::byte*>(host.const_data_ptr()), host.nbytes()});
  }
}

/// Sums of the columns in fp64; at::sum would make a copy of everything in fp64 first.
at::Tensor column_sums(const at::Tensor& tensor) {
  at::Tensor sums = at::zeros({tensor.size(1)}, at::TensorOptions().dtype(at::kDouble));
  for (const at::Tensor& chunk : tensor.split(kRowsAtOnce)) {
    sums += chunk.sum(0, /*keepdim=*/false, at::kDouble).to(at::kCPU);
  }
  return sums;
}

/// Of each column's valid labels; those that are not valid hold 0.
std::vector<double> column_means(const TaskLabels& task) {
  const at::Tensor valid = column_sums(task.valid_host).clamp_min_(1);
  const at::Tensor means = column_sums(task.labels).div(valid).contiguous();
  const auto* values = means.const_data_ptr<double>();
  return {values, values + means.numel()};
}

std::string digest_of(const Dataset& data) {
  Sha256 sha;
  for (const std::string& video : data.videos) sha.update(video + "\n");
  sha.update(std::as_bytes(std::span(data.rows)));
  update(sha, data.embeddings, at::kHalf);
  for (const TaskLabels& task : data.tasks) {
    sha.update(task_name(task.task));
    update(sha, task.labels, task.task.is_classes() ? at::kLong : at::kFloat);
    update(sha, task.valid_host, at::kBool);
  }
  if (data.row_weights.defined()) update(sha, data.row_weights, at::kFloat);
  return sha.hex();
}

}  // namespace

const std::string& Dataset::digest() const {
  return lazy_digest.get([this] { return digest_of(*this); });
}

Batch Dataset::gather(const std::vector<std::int64_t>& order, std::int64_t begin, std::int64_t end,
                      at::ScalarType dtype) const {
  const at::Tensor host =
      at::from_blob(const_cast<std::int64_t*>(order.data()) + begin, {end - begin}, at::kLong);
  const at::Tensor index = host.to(embeddings.device());
  Batch batch;
  batch.embeddings = embeddings.index_select(0, index).to(dtype);
  for (const TaskLabels& task : tasks) batch.targets.push_back(targets_of(task, index, dtype));
  add_row_facts(batch.targets, row_videos.index_select(0, index),
                row_weights.defined() ? row_weights.index_select(0, index) : at::Tensor(),
                std::ssize(videos));
  return batch;
}

std::vector<TaskTargets> Dataset::all_targets() const {
  std::vector<TaskTargets> targets;
  for (const TaskLabels& task : tasks) targets.push_back(targets_of(task, {}, at::kFloat));
  add_row_facts(targets, row_videos, row_weights, std::ssize(videos));
  return targets;
}

ClassCounts Dataset::class_counts() const {
  ClassCounts counts;
  for (const TaskLabels& task : tasks) {
    std::vector<std::int64_t>& of_task = counts.emplace_back();
    if (!task.task.is_classes()) continue;
    const at::Tensor labels = task.labels.masked_select(task.valid).to(at::kCPU);
    const auto classes = static_cast<std::int64_t>(score_columns(task.task));
    const at::Tensor found = labels.bincount({}, classes).contiguous();
    const auto* values = found.const_data_ptr<std::int64_t>();
    of_task.assign(values, values + found.numel());
  }
  return counts;
}

LabelStatistics Dataset::statistics() const {
  LabelStatistics statistics;
  const ClassCounts counts = class_counts();
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    statistics[tasks[t].task] = tasks[t].task.is_classes()
                                    ? std::vector<double>(counts[t].begin(), counts[t].end())
                                    : column_means(tasks[t]);
  }
  return statistics;
}

Dataset load_dataset(const std::vector<Bank>& banks, SplitLabels labels,
                     const std::string& device) {
  Dataset data;
  number_images(labels, banks.front());
  find_rows(banks, labels, data);
  data.row_videos = row_videos(data).to(at::Device(device));
  data.row_weights = row_weights(labels, data);
  if (data.row_weights.defined()) data.row_weights = data.row_weights.to(at::Device(device));
  for (LabelSet& set : labels) {
    data.tasks.push_back(load_task(set, data, at::Device(device)));
    set.videos.clear();
  }
  give_back_freed_memory();  // before the embeddings come
  data.embeddings = load_embeddings(banks, data, at::Device(device));
  return data;
}

}  // namespace mien
