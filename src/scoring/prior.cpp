#include "mien/scoring/prior.h"

#include <cstdint>

#include "mien/core/error.h"

namespace mien {
namespace {

Prior class_shares(const LabelSet& labels) {
  std::vector<std::int64_t> counts(score_columns(labels.task));
  std::int64_t total = 0;
  for (const VideoLabels& video : labels.videos) {
    for (const double label : video.values) {
      if (!is_known(label)) continue;
      ++counts.at(static_cast<std::size_t>(label));
      ++total;
    }
  }
  Prior shares(counts.size());
  for (std::size_t c = 0; c < counts.size() && total > 0; ++c) {
    shares[c] = static_cast<float>(static_cast<double>(counts[c]) / static_cast<double>(total));
  }
  return shares;
}

Prior column_means(const LabelSet& labels) {
  const std::size_t columns = label_columns(labels.task);
  std::vector<double> sums(columns), counts(columns);
  for (const VideoLabels& video : labels.videos) {
    for (std::size_t i = 0; i < video.values.size(); ++i) {
      if (!is_known(video.values[i])) continue;
      sums[i % columns] += video.values[i];
      counts[i % columns] += 1;
    }
  }
  Prior means(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    if (counts[c] > 0) means[c] = static_cast<float>(sums[c] / counts[c]);
  }
  return means;
}

}  // namespace

const Prior& prior_for(Task task, const Priors& priors, const std::string& video) {
  const auto found = priors.find(task);
  if (found == priors.end() || found->second.size() != score_columns(task)) {
    throw InputError("video", video,
                     "has no embedding, and the training labels' frequencies that would answer "
                     "for it are not known for " +
                         task_name(task));
  }
  return found->second;
}

Prior prior_of(const LabelSet& labels) {
  return labels.task.is_classes() ? class_shares(labels) : column_means(labels);
}

}  // namespace mien
