#include "mien/evaluation/predictions.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/submission_reader.h"

namespace mien {
namespace {

/// Rows of one video in the order of the file.
struct VideoRows {
  std::string_view video;
  std::vector<std::int32_t> frames;
  std::vector<double> values;  ///< [n, submission_columns]
  std::vector<std::int64_t> lines;
};

std::vector<VideoRows> read_rows(SubmissionReader& reader) {
  const std::size_t columns = submission_columns(reader.task());
  std::vector<VideoRows> videos;
  std::unordered_map<std::string_view, std::size_t> index_of;
  std::size_t current = 0;
  while (reader.next()) {
    const ImageLocation& image = reader.image();
    if (image.frame == 0) reader.fail(shown(reader.location()), "frames start at 1 (00001.jpg)");
    if (videos.empty() || videos[current].video != image.video) {
      current = index_of.try_emplace(image.video, videos.size()).first->second;
      if (current == videos.size()) videos.push_back({image.video, {}, {}, {}});
    }
    VideoRows& rows = videos[current];
    rows.values.resize(rows.values.size() + columns);
    reader.read_values(std::span(rows.values).last(columns));
    rows.frames.push_back(image.frame);
    rows.lines.push_back(reader.line());
  }
  std::ranges::sort(videos, {}, &VideoRows::video);
  return videos;
}

/// Indices of the rows by frame, the first of identical ones.
std::vector<std::size_t> first_rows(const VideoRows& rows, std::size_t columns,
                                    const std::filesystem::path& path) {
  std::vector<std::size_t> order(rows.frames.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&rows](std::size_t i) { return rows.frames[i]; });
  std::vector<std::size_t> kept;
  kept.reserve(order.size());
  for (const std::size_t i : order) {
    if (kept.empty() || rows.frames[kept.back()] != rows.frames[i]) {
      kept.push_back(i);
      continue;
    }
    const auto values = std::span(rows.values);
    if (!std::ranges::equal(values.subspan(i * columns, columns),
                            values.subspan(kept.back() * columns, columns))) {
      throw InputError(concat(path.string(), " line ", rows.lines[i]),
                       concat(shown(rows.video), " frame ", rows.frames[i]),
                       concat("contradicts line ", rows.lines[kept.back()],
                              ", expected the same values for the same frame"));
    }
  }
  return kept;
}

VideoLabels part_of(const VideoRows& rows, std::span<const std::size_t> kept, std::size_t columns,
                    const SubmissionPart& range) {
  VideoLabels part{.video = std::string(rows.video)};
  part.frames.reserve(kept.size());
  part.values.reserve(kept.size() * range.count);
  for (const std::size_t i : kept) {
    part.frames.push_back(rows.frames[i]);
    const auto values = std::span(rows.values).subspan(i * columns + range.first, range.count);
    part.values.insert(part.values.end(), values.begin(), values.end());
  }
  return part;
}

}  // namespace

std::map<Task, TaskDecisions> read_predictions(const std::filesystem::path& path,
                                               SubmissionTask task) {
  const std::vector<SubmissionPart> ranges = parts_of(task);
  if (ranges.empty()) {
    throw InputError("--task", submission_task_name(task),
                     "compound expressions have no public labels, expected one of the challenge's "
                     "other tasks");
  }
  SubmissionReader reader(path);
  if (reader.task() != task) {
    const std::string found = submission_task_name(reader.task());
    throw InputError(path.string() + " line 1", shown(reader.header()),
                     concat("expected the header of --task ", submission_task_name(task),
                            ", this file is of --task ", found));
  }
  const std::size_t columns = submission_columns(task);
  std::map<Task, TaskDecisions> decisions;
  for (const SubmissionPart& range : ranges) decisions[range.task].task = range.task;
  for (const VideoRows& rows : read_rows(reader)) {
    const std::vector<std::size_t> kept = first_rows(rows, columns, path);
    for (const SubmissionPart& range : ranges) {
      decisions[range.task].videos.push_back(part_of(rows, kept, columns, range));
    }
  }
  return decisions;
}

}  // namespace mien
