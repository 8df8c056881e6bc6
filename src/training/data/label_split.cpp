#include <algorithm>
#include <set>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/splits.h"
#include "mien/training/dataset.h"

namespace mien {
namespace {

/// Validation that no source has rows for is a mistake that is told at once.
void require_rows(const SplitLabels& labels, const Annotations& annotations, Split side) {
  const auto is_empty = [](const LabelSet& set) { return set.videos.empty(); };
  if (!std::ranges::all_of(labels, is_empty)) return;
  throw InputError("annotations", annotations.text(),
                   concat("has no labels of the ", split_name(side),
                          " split; expected a column split with it, or split.folds=5"));
}

}  // namespace

std::vector<std::string> videos_of(const SplitLabels& labels) {
  std::set<std::string> names;
  for (const LabelSet& set : labels) {
    for (const VideoLabels& video : set.videos) names.insert(video.video);
  }
  return {names.begin(), names.end()};
}

std::set<std::string> groups_of(const SplitLabels& labels) {
  std::set<std::string> groups;
  for (const LabelSet& set : labels) {
    for (const VideoLabels& video : set.videos) {
      if (video.groups.empty()) groups.insert(recording_of(video.video));
      for (std::size_t i = 0; i < video.groups.size(); ++i) groups.insert(set.group_of(video, i));
    }
  }
  return groups;
}

SplitLabels load_split_side(const Annotations& annotations, const std::vector<Task>& tasks,
                            const SplitSpec& split, Split side) {
  if (split.folds == 0 || side == Split::kTest) {
    SplitLabels labels = load_labels(annotations, tasks, side, split.group);
    require_rows(labels, annotations, side);
    return labels;
  }
  SplitLabels labels = load_labels(annotations, tasks, Split::kTrain, split.group);
  require_rows(labels, annotations, Split::kTrain);
  const auto fold_of = assign_group_folds(groups_of(labels), split.folds);
  const bool held_out = side == Split::kValidation;
  for (LabelSet& set : labels) {
    set.split = side;
    const VideoLabels* last = nullptr;
    bool keep = false;
    filter_rows(set, [&](const VideoLabels& video, std::size_t row) {
      if (&video == last && video.groups.empty()) return keep;  // all rows are one group
      last = &video;
      return keep = (fold_of.at(set.group_of(video, row)) == split.fold) == held_out;
    });
  }
  return labels;
}

LabelSplit load_label_split(const Annotations& annotations, const std::vector<Task>& tasks,
                            const SplitSpec& split) {
  return {load_split_side(annotations, tasks, split, Split::kTrain),
          load_split_side(annotations, tasks, split, Split::kValidation)};
}

}  // namespace mien
