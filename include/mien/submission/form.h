// A template or a submission as it lies on the disk, read and unpacked once.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "mien/data/submission_reader.h"
#include "mien/submission/video_files.h"
#include "mien/submission/video_list.h"

namespace mien {

enum class FormKind {
  kRows,      ///< one file, a row an image location and its values
  kFiles,     ///< a file a video
  kVideoList  ///< names of videos
};

/// One of the three members is there, as `kind` says.
struct Form {
  FormKind kind = FormKind::kRows;
  std::unique_ptr<SubmissionReader> rows;  ///< at its header
  std::vector<VideoFile> files;            ///< in byte order of their videos
  VideoList list;
};

/// A folder is a file a video, so is a .zip with several files or one with the annotations' header;
/// everything else is one file, packed (.gz, .zip) or not. Throws InputError for what cannot be
/// read or has no known header.
Form open_form(const std::filesystem::path& path);

}  // namespace mien
