#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "mien/core/error.h"
#include "mien/submission/check.h"
#include "mien/submission/form.h"

namespace mien {
namespace {

SubmissionFacts facts_of(SubmissionReader& reader) {
  std::vector<double> values(submission_columns(reader.task()));
  SubmissionFacts facts{.layout = "one file", .task = reader.task()};
  std::unordered_set<std::string_view> videos;
  std::string_view last;
  while (reader.next()) {
    ++facts.rows;
    if (facts.rows == 1 || reader.image().video != last) {
      last = reader.image().video;
      videos.insert(last);
    }
    if (reader.has_values_text()) {
      reader.read_values(values);
    } else {
      ++facts.rows_without_values;
    }
  }
  facts.videos = static_cast<std::int64_t>(videos.size());
  return facts;
}

SubmissionFacts facts_of(const std::vector<VideoFile>& files) {
  const SubmissionTask task = task_of(files.front());
  std::vector<double> values(submission_columns(task));
  SubmissionFacts facts{.layout = "a file a video", .task = task};
  facts.videos = static_cast<std::int64_t>(files.size());
  for (const VideoFile& file : files) {
    if (task_of(file) != task) {
      file.fail(1, shown(first_line(file.text)),
                "expected the task of the other files, " + submission_task_name(task));
    }
    std::size_t line = 1;
    for (const std::string_view row : rows_of(file)) {
      ++line;
      ++facts.rows;
      if (row.find_first_not_of(", \t") == row.npos) {
        ++facts.rows_without_values;
      } else if (const auto illegal = parse_values(task, row, values)) {
        file.fail(line, illegal->value, illegal->expected, illegal->name);
      }
    }
  }
  return facts;
}

SubmissionFacts facts_of(const VideoList& list) {
  SubmissionFacts facts{.layout = "a list of videos"};
  facts.videos = static_cast<std::int64_t>(list.videos.size());
  for (const ListedVideo& video : list.videos) {
    facts.rows += video.frames;
    facts.uncounted_videos += video.frames == 0;
  }
  facts.rows_without_values = facts.rows;
  return facts;
}

}  // namespace

SubmissionFacts inspect_submission(const std::filesystem::path& path) {
  const Form form = open_form(path);
  switch (form.kind) {
    case FormKind::kFiles:
      return facts_of(form.files);
    case FormKind::kVideoList:
      return facts_of(form.list);
    case FormKind::kRows:
      break;
  }
  return facts_of(*form.rows);
}

nlohmann::json to_json(const SubmissionFacts& facts) {
  nlohmann::json out = {{"layout", facts.layout},
                        {"task", nullptr},
                        {"rows", facts.rows},
                        {"videos", facts.videos},
                        {"rows_without_values", facts.rows_without_values}};
  if (facts.task) out["task"] = submission_task_name(*facts.task);
  if (facts.uncounted_videos > 0) out["uncounted_videos"] = facts.uncounted_videos;
  return out;
}

}  // namespace mien
