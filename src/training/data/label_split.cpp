#include <algorithm>
#include <map>
#include <set>

#include "mien/data/splits.h"
#include "mien/training/dataset.h"

namespace mien {
namespace {

SplitLabels load_all(const std::string& annotations, const std::vector<Task>& tasks, Split split) {
  SplitLabels labels;
  for (const Task task : tasks) labels.push_back(load_labels(annotations, task, split));
  return labels;
}

/// Keeps the videos for which `keep` holds.
template <class Keep>
void filter(SplitLabels& labels, Split side, Keep keep) {
  for (LabelSet& set : labels) {
    std::erase_if(set.videos, [&](const VideoLabels& video) { return !keep(video.video); });
    set.split = side;
  }
}

std::map<std::string, std::int64_t> folds_of(const SplitLabels& labels, std::int64_t folds) {
  const std::vector<std::string> videos = videos_of(labels);
  const std::vector<std::int64_t> assigned = assign_folds(videos, folds);
  std::map<std::string, std::int64_t> fold_of;
  for (std::size_t i = 0; i < videos.size(); ++i) fold_of[videos[i]] = assigned[i];
  return fold_of;
}

}  // namespace

std::vector<std::string> videos_of(const SplitLabels& labels) {
  std::set<std::string> names;
  for (const LabelSet& set : labels) {
    for (const VideoLabels& video : set.videos) names.insert(video.video);
  }
  return {names.begin(), names.end()};
}

SplitLabels load_split_side(const std::string& annotations, const std::vector<Task>& tasks,
                            const SplitSpec& split, Split side) {
  if (split.folds == 0) return load_all(annotations, tasks, side);
  SplitLabels labels = load_all(annotations, tasks, Split::kTrain);
  const auto fold_of = folds_of(labels, split.folds);
  const bool held_out = side == Split::kValidation;
  filter(labels, side,
         [&](const std::string& video) { return (fold_of.at(video) == split.fold) == held_out; });
  return labels;
}

LabelSplit load_label_split(const std::string& annotations, const std::vector<Task>& tasks,
                            const SplitSpec& split) {
  return {load_split_side(annotations, tasks, split, Split::kTrain),
          load_split_side(annotations, tasks, split, Split::kValidation)};
}

}  // namespace mien
