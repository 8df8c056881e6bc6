#include "mien/submission/template.h"

#include <algorithm>
#include <unordered_map>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/submission/video_files.h"

namespace mien {
namespace {

void require_rows(const Template& form, const std::filesystem::path& path) {
  if (!form.rows.empty()) return;
  throw InputError(path.string(), "no rows", "expected a row for every frame to answer");
}

Template read_one_file(const std::filesystem::path& path) {
  Template out;
  out.text = std::make_unique<SubmissionReader>(path);
  SubmissionReader& reader = *out.text;
  out.task = reader.task();
  out.header = std::string(reader.header());
  std::unordered_map<std::string_view, std::uint32_t> index_of;
  std::string_view last_video;
  std::uint32_t current = 0;
  while (reader.next()) {
    const ImageLocation& image = reader.image();
    if (out.rows.empty() || last_video != image.video) {
      last_video = image.video;
      const auto known = static_cast<std::uint32_t>(out.videos.size());
      current = index_of.try_emplace(image.video, known).first->second;
      if (current == known) out.videos.emplace_back(image.video);
    }
    out.rows.push_back({reader.location(), current, image.frame});
  }
  return out;
}

Template read_files(const std::filesystem::path& path) {
  Template out;
  out.layout = TemplateLayout::kFileAVideo;
  for (const VideoFile& file : read_video_files(path)) {
    const SubmissionTask task = task_of(file);
    if (out.videos.empty()) {
      out.task = task;
      out.header = std::string(trim(lines_of(file.text).front()));
    } else if (task != out.task) {
      file.fail(1, submission_task_name(task),
                "expected the task of the other files, " + submission_task_name(out.task));
    }
    const auto video = static_cast<std::uint32_t>(out.videos.size());
    out.videos.push_back(file.video);
    const auto rows = static_cast<std::int32_t>(rows_of(file).size());
    for (std::int32_t frame = 1; frame <= rows; ++frame) out.rows.push_back({{}, video, frame});
  }
  return out;
}

}  // namespace

std::vector<std::string_view> rows_of(const VideoFile& file) {
  std::vector<std::string_view> lines = lines_of(file.text);
  if (!lines.empty()) lines.erase(lines.begin());
  const auto is_blank = [](std::string_view line) { return trim(line).empty(); };
  if (std::ranges::all_of(lines, is_blank)) return lines;
  while (is_blank(lines.back())) lines.pop_back();
  return lines;
}

Template read_template(const std::filesystem::path& path) {
  Template form = holds_video_files(path) ? read_files(path) : read_one_file(path);
  require_rows(form, path);
  return form;
}

}  // namespace mien
