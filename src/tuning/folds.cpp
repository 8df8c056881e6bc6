#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/splits.h"
#include "mien/tuning/tune.h"

namespace mien {
namespace {

/// The videos of one recording and what their labels hold.
struct Recording {
  std::vector<std::size_t> videos;
  std::vector<double> content;
};

/// Columns of content: frames per class; frames, and ones per output; frames in thirds of each
/// output's range.
std::size_t content_columns(const Task& task) {
  const std::size_t outputs = score_columns(task);
  return task.is_classes() ? outputs : task.is_binary() ? 1 + outputs : 3 * outputs;
}

void add_row(const Task& task, std::span<const double> row, std::vector<double>& content) {
  if (task.is_classes()) {
    ++content[static_cast<std::size_t>(row[0])];
    return;
  }
  if (task.is_binary()) {
    ++content[0];
    for (std::size_t u = 0; u < row.size(); ++u) content[1 + u] += is_known(row[u]) ? row[u] : 0;
    return;
  }
  const auto [low, high] = task.range();
  for (std::size_t d = 0; d < row.size(); ++d) {
    if (!is_known(row[d])) continue;
    const double place = (row[d] - low) / (high - low) * 2 - 1;  // in [-1, 1]
    ++content[3 * d + (place < -0.2 ? 0 : place > 0.2 ? 2 : 1)];
  }
}

std::vector<Recording> recordings_of(const LabelSet& labels) {
  std::map<std::string, Recording> by_name;
  for (std::size_t v = 0; v < labels.videos.size(); ++v) {
    const VideoLabels& video = labels.videos[v];
    if (video.frames.empty()) continue;
    Recording& recording = by_name[labels.group_of(video, 0)];
    recording.videos.push_back(v);
    recording.content.resize(content_columns(labels.task));
    for (std::size_t i = 0; i < video.frames.size(); ++i) {
      const auto row = labels.row(video, i);
      if (!is_scored_row(row, labels.partly_known)) continue;
      add_row(labels.task, row, recording.content);
    }
  }
  std::vector<Recording> recordings;
  for (auto& entry : by_name) recordings.push_back(std::move(entry.second));
  return recordings;
}

/// In random order, then by halves of the largest share that they have of anything: the heaviest
/// are the hardest to place.
void order(std::vector<Recording>& recordings, std::span<const double> totals, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  for (std::size_t i = recordings.size(); i > 1; --i) {
    std::swap(recordings[i - 1], recordings[((engine() >> 32) * i) >> 32]);
  }
  const auto weight = [&](const Recording& recording) {
    double largest = 0;
    for (std::size_t c = 0; c < totals.size(); ++c) {
      if (totals[c] > 0) largest = std::max(largest, recording.content[c] / totals[c]);
    }
    return largest > 0 ? std::ilogb(largest) : -1000;
  };
  std::ranges::stable_sort(recordings, std::ranges::greater(), weight);
}

}  // namespace

std::vector<std::int64_t> stratified_folds(const LabelSet& labels, std::int64_t folds,
                                           std::uint64_t seed) {
  std::vector<Recording> recordings = recordings_of(labels);
  if (recordings.size() < 2) {
    throw InputError(task_name(labels.task) + " labels", concat(recordings.size(), " recording"),
                     "expected at least 2 with scores, one to choose on and one to check on");
  }
  const std::size_t columns = content_columns(labels.task);
  std::vector<double> totals(columns);
  for (const Recording& recording : recordings) {
    for (std::size_t c = 0; c < columns; ++c) totals[c] += recording.content[c];
  }
  order(recordings, totals, seed);
  const std::size_t count =
      std::min(static_cast<std::size_t>(std::max<std::int64_t>(2, folds)), recordings.size());
  std::vector<std::vector<double>> held(count, std::vector<double>(columns));
  std::vector<std::size_t> size(count);
  std::vector<std::int64_t> fold_of(labels.videos.size());
  for (const Recording& recording : recordings) {
    std::size_t best = 0;
    double best_cost = std::numeric_limits<double>::infinity();
    for (std::size_t f = 0; f < count; ++f) {  // growth of the sum of squared shares
      double cost = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        if (totals[c] > 0) cost += held[f][c] * recording.content[c] / (totals[c] * totals[c]);
      }
      // An empty fold is filled first: none stays empty.
      if (size[f] == 0) cost = -1;
      if (cost < best_cost || (cost == best_cost && size[f] < size[best])) {
        best = f;
        best_cost = cost;
      }
    }
    ++size[best];
    for (std::size_t c = 0; c < columns; ++c) held[best][c] += recording.content[c];
    for (const std::size_t v : recording.videos) fold_of[v] = static_cast<std::int64_t>(best);
  }
  return fold_of;
}

}  // namespace mien
