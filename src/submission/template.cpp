#include "mien/submission/template.h"

#include <algorithm>
#include <unordered_map>

#include "frame_list.h"
#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

void require_rows(const Template& form, const std::filesystem::path& path) {
  if (!form.rows.empty()) return;
  throw InputError(path.string(), "no rows", "expected a row for every frame to answer");
}

Template from_rows(std::unique_ptr<SubmissionReader> text) {
  Template out;
  out.text = std::move(text);
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

/// A further video's rows, frame 1 to `frames`.
void append(Template& form, const std::string& video, std::int32_t frames) {
  const auto index = static_cast<std::uint32_t>(form.videos.size());
  form.videos.push_back(video);
  for (std::int32_t frame = 1; frame <= frames; ++frame) form.rows.push_back({{}, index, frame});
}

Template from_files(const std::vector<VideoFile>& files) {
  Template out;
  out.layout = TemplateLayout::kFileAVideo;
  out.task = task_of(files.front());
  out.header = std::string(trim(first_line(files.front().text)));
  for (const VideoFile& file : files) {
    const SubmissionTask task = task_of(file);
    if (task != out.task) {
      file.fail(1, submission_task_name(task),
                "expected the task of the other files, " + submission_task_name(out.task));
    }
    append(out, file.video, static_cast<std::int32_t>(rows_of(file).size()));
  }
  return out;
}

/// The last frame that a bank knows of; 0 for none.
std::int32_t last_frame(const std::vector<Bank>& banks, const std::string& video) {
  const std::vector<std::int32_t> frames = frame_list(banks, video).frames;
  return frames.empty() ? 0 : frames.back();
}

[[noreturn]] void fail_uncounted(const VideoList& list, const ListedVideo& video,
                                 const std::vector<Bank>& banks) {
  std::vector<std::string> known;
  for (const Bank& bank : banks) {
    known.insert(known.end(), bank.videos().begin(), bank.videos().end());
  }
  list.fail(video,
            concat("is in no bank, and this list of videos says no number of frames; expected a "
                   "--bank that has it, or the number beside its name (",
                   shown(video.video), ",1234)"),
            nearest_match(video.video, known));
}

}  // namespace

Template read_template(Form form, const std::filesystem::path& path) {
  if (form.kind == FormKind::kVideoList) {
    throw InputError(path.string(), "(a list of videos)", "expected rows, or a file a video");
  }
  Template out =
      form.kind == FormKind::kRows ? from_rows(std::move(form.rows)) : from_files(form.files);
  require_rows(out, path);
  return out;
}

Template read_template(const std::filesystem::path& path) {
  return read_template(open_form(path), path);
}

Template template_of(const VideoList& list, SubmissionTask task, const std::vector<Bank>& banks) {
  if (task == SubmissionTask::kCe || task == SubmissionTask::kMtl) {
    throw InputError(
        "--task", submission_task_name(task),
        list.path.string() + " is a list of videos, expected one of expr, au, va: a file a video");
  }
  Template out;
  out.task = task;
  out.layout = TemplateLayout::kFileAVideo;
  out.header = video_header(task);
  for (const ListedVideo& video : list.videos) {
    const std::int32_t frames = video.frames > 0 ? video.frames : last_frame(banks, video.video);
    if (frames == 0) fail_uncounted(list, video, banks);
    out.counted_videos += video.frames == 0;
    append(out, video.video, frames);
  }
  return out;
}

}  // namespace mien
