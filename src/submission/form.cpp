#include "mien/submission/form.h"

#include "mien/core/text_file.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

Form of_text(const fs::path& path, TextFile text) {
  if (is_video_list(text.text())) {
    return {.kind = FormKind::kVideoList, .list = read_video_list(path, text.text())};
  }
  return {.kind = FormKind::kRows,
          .rows = std::make_unique<SubmissionReader>(path, std::move(text))};
}

}  // namespace

Form open_form(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return {.kind = FormKind::kFiles, .files = video_files_in(path)};
  }
  if (!is_zip(path)) return of_text(path, TextFile(path));
  std::vector<UnpackedFile> files = unpack_zip(path);
  if (files.size() == 1 && !task_of_video_header(first_line(files.front().text))) {
    return of_text(path, TextFile(std::move(files.front().text)));
  }
  return {.kind = FormKind::kFiles, .files = video_files_of(path, std::move(files))};
}

}  // namespace mien
