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

/// Random labels, some -1, of frames 1 ... count.
inline VideoLabels random_labels(Task task, const std::string& video, std::int32_t count,
                                 std::uint32_t seed) {
  std::mt19937 random(seed);
  VideoLabels labels{video, frames_up_to(count), {}};
  for (std::size_t i = 0; i < labels.frames.size() * label_columns(task); ++i) {
    const auto value = static_cast<int>(task == Task::kExpr ? random() % 8 : random() % 2);
    labels.values.push_back(random() % 20 == 0 ? -1 : value);
  }
  return labels;
}

/// `rows` labelled frames in two videos, for EXPR and AU, with embeddings of `dim` numbers.
inline Dataset random_dataset(std::int64_t dim, std::int32_t rows, std::uint32_t seed) {
  BankFolder folder(dim);
  SplitLabels labels = {labels_of(Task::kExpr, {}), labels_of(Task::kAu, {})};
  for (const char* video : {"a", "b"}) {
    folder.add(video, frames_up_to(rows / 2), seed);
    for (LabelSet& set : labels) {
      set.videos.push_back(random_labels(set.task, video, rows / 2, seed + 7));
    }
  }
  return load_dataset({folder.bank()}, labels, "cpu");
}

}  // namespace mien::testing
