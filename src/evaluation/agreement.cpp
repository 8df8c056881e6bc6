#include "mien/evaluation/agreement.h"

#include <algorithm>
#include <cmath>

#include "alignment.h"
#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/scoring/classification.h"
#include "mien/scoring/concordance.h"

namespace mien {
namespace {

constexpr double kNear = .1;  ///< of the range of [-1, 1]: values this close count as equal

std::int64_t frames_of(const TaskDecisions& decisions) {
  std::int64_t frames = 0;
  for (const VideoLabels& video : decisions.videos) frames += std::ssize(video.frames);
  return frames;
}

VideoLabels rows_shared(const VideoLabels& video, const VideoLabels& other, std::size_t columns) {
  VideoLabels shared{.video = video.video};
  std::size_t at = 0;
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    while (at < other.frames.size() && other.frames[at] < video.frames[i]) ++at;
    if (at == other.frames.size()) break;
    if (other.frames[at] != video.frames[i]) continue;
    shared.frames.push_back(video.frames[i]);
    const auto row = std::span(video.values).subspan(i * columns, columns);
    shared.values.insert(shared.values.end(), row.begin(), row.end());
  }
  return shared;
}

/// body(first's value, second's value) of one column of two decisions of the same frames.
template <class Body>
void for_each_pair(const TaskDecisions& a, const TaskDecisions& b, std::size_t column, Body body) {
  const std::size_t columns = label_columns(a.task);
  for (std::size_t v = 0; v < a.videos.size(); ++v) {
    const auto& of_a = a.videos[v].values;
    const auto& of_b = b.videos[v].values;
    for (std::size_t i = column; i < of_a.size(); i += columns) body(of_a[i], of_b[i]);
  }
}

AgreementPart classes_agree(const TaskDecisions& a, const TaskDecisions& b, std::size_t column,
                            const std::string& name) {
  Confusion counts(a.task.is_classes() ? score_columns(a.task) : 2);
  for_each_pair(a, b, column, [&counts](double first, double second) {
    counts.add(static_cast<std::size_t>(first), static_cast<std::size_t>(second));
  });
  return {name, counts.accuracy(), counts.kappa()};
}

AgreementPart values_agree(const TaskDecisions& a, const TaskDecisions& b, std::size_t column,
                           const std::string& name) {
  Concordance moments;
  std::int64_t near = 0;
  const auto [low, high] = a.task.range();
  const double near_by = kNear * (high - low) / 2;
  for_each_pair(a, b, column, [&](double first, double second) {
    moments.add(first, second);
    near += std::abs(first - second) <= near_by ? 1 : 0;
  });
  return {name, static_cast<double>(near) / static_cast<double>(moments.count()), moments.ccc()};
}

std::string part_name(const Task& task, std::size_t column) {
  return task.is_classes() ? class_column(task) : task.outputs()[column];
}

}  // namespace

TaskDecisions shared_with(const TaskDecisions& decisions, const TaskDecisions& other) {
  TaskDecisions shared{decisions.task, {}};
  for (const VideoLabels& video : decisions.videos) {
    const VideoLabels* counterpart = find_video(other.videos, video.video);
    if (counterpart == nullptr) continue;
    VideoLabels rows = rows_shared(video, *counterpart, label_columns(decisions.task));
    if (!rows.frames.empty()) shared.videos.push_back(std::move(rows));
  }
  return shared;
}

Agreement agreement_of(const TaskDecisions& first, const TaskDecisions& second,
                       const std::string& with) {
  if (first.task != second.task) {
    throw InputError(with, task_name(second.task),
                     "expected decisions of " + task_name(first.task));
  }
  const TaskDecisions a = shared_with(first, second), b = shared_with(second, first);
  Agreement found{.with = with, .frames = frames_of(a), .videos = std::ssize(a.videos)};
  found.only_first = frames_of(first) - found.frames;
  found.only_second = frames_of(second) - found.frames;
  if (found.frames == 0) {
    throw InputError(with, concat(second.videos.size(), " videos"),
                     "expected frames that the run has scores of, none is");
  }
  const std::size_t columns = label_columns(first.task);
  for (std::size_t c = 0; c < columns; ++c) {
    const std::string name = part_name(first.task, c);
    const AgreementPart& part = found.parts.emplace_back(
        first.task.is_continuous() ? values_agree(a, b, c, name) : classes_agree(a, b, c, name));
    found.equal += part.equal / static_cast<double>(columns);
    found.beyond += part.beyond / static_cast<double>(columns);
  }
  return found;
}

}  // namespace mien
