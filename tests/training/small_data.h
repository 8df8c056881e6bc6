// Small labelled data to train on.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "bank/bank_folder.h"
#include "mien/data/labels.h"
#include "mien/training/dataset.h"

namespace mien::testing {

inline LabelSet labels_of(Task task, std::vector<VideoLabels> videos) {
  return {task, Split::kTrain, std::move(videos), {}};
}

/// A label, or what says that there is none.
inline double random_label(Task task, std::mt19937& random) {
  if (task == Task::kVa) {
    const double value = static_cast<double>(random() % 2001) / 1000 - 1;
    return random() % 20 == 0 ? -5 : value;
  }
  const auto value = static_cast<int>(task == Task::kExpr ? random() % 8 : random() % 2);
  return random() % 20 == 0 ? -1 : value;
}

/// Random labels, some not valid, of frames 1 ... count.
inline VideoLabels random_labels(Task task, const std::string& video, std::int32_t count,
                                 std::uint32_t seed) {
  std::mt19937 random(seed);
  VideoLabels labels{video, frames_up_to(count), {}};
  for (std::size_t i = 0; i < labels.frames.size() * label_columns(task); ++i) {
    labels.values.push_back(random_label(task, random));
  }
  return labels;
}

/// `rows` labelled frames in two videos, with embeddings of `dim` numbers.
inline Dataset random_dataset(std::int64_t dim, std::int32_t rows, std::uint32_t seed,
                              const std::vector<Task>& tasks = {Task::kExpr, Task::kAu}) {
  BankFolder folder(dim);
  SplitLabels labels;
  for (const Task task : tasks) labels.push_back(labels_of(task, {}));
  for (const char* video : {"a", "b"}) {
    folder.add(video, frames_up_to(rows / 2), seed);
    for (LabelSet& set : labels) {
      set.videos.push_back(random_labels(set.task, video, rows / 2, seed + 7));
    }
  }
  return load_dataset({folder.bank()}, labels, "cpu");
}

}  // namespace mien::testing
