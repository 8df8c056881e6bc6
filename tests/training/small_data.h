// Small labelled data to train on.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "bank/bank_folder.h"
#include "mien/data/challenge.h"
#include "mien/data/labels.h"
#include "mien/training/dataset.h"

namespace mien::testing {

inline LabelSet labels_of(Task task, std::vector<VideoLabels> videos) {
  return {.task = task, .split = Split::kTrain, .videos = std::move(videos)};
}

/// A label, or kUnknown.
inline double random_label(Task task, std::mt19937& random) {
  if (task == va_task()) {
    const double value = static_cast<double>(random() % 2001) / 1000 - 1;
    return random() % 20 == 0 ? kUnknown : value;
  }
  const auto value = static_cast<int>(task == expr_task() ? random() % 8 : random() % 2);
  return random() % 20 == 0 ? kUnknown : value;
}

/// Random labels, some not known, of frames 1 ... count. Valence and arousal are known together or
/// not at all.
inline VideoLabels random_labels(Task task, const std::string& video, std::int32_t count,
                                 std::uint32_t seed) {
  std::mt19937 random(seed);
  VideoLabels labels{.video = video, .frames = frames_up_to(count)};
  const std::size_t columns = label_columns(task);
  for (std::size_t i = 0; i < labels.frames.size(); ++i) {
    std::vector<double> row(columns);
    for (double& value : row) value = random_label(task, random);
    if (task.is_continuous() && !is_known_row(row)) row.assign(columns, kUnknown);
    labels.values.insert(labels.values.end(), row.begin(), row.end());
  }
  return labels;
}

/// `rows` labelled frames in two videos, with embeddings of `dim` numbers.
inline Dataset random_dataset(std::int64_t dim, std::int32_t rows, std::uint32_t seed,
                              const std::vector<Task>& tasks = {expr_task(), au_task()}) {
  BankFolder folder(dim);
  SplitLabels labels;
  for (const Task& task : tasks) labels.push_back(labels_of(task, {}));
  for (const char* video : {"a", "b"}) {
    folder.add(video, frames_up_to(rows / 2), seed);
    for (LabelSet& set : labels) {
      set.videos.push_back(random_labels(set.task, video, rows / 2, seed + 7));
    }
  }
  return load_dataset({folder.bank()}, labels, "cpu");
}

}  // namespace mien::testing
