#include "mien/data/video_writer.h"

#include <opencv2/videoio.hpp>
#include <stdexcept>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/sync.h"
#include "mien/core/text.h"
#include "mien/data/frame_source.h"
#include "rgb_image.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

/// What a player would find: 0 for a file that is none.
std::int64_t frames_in(const fs::path& file) {
  try {
    const auto video = open_video(file, /*every=*/1);
    Frame first;
    return video->next(first) && first.problem.empty() ? video->expected() : 0;
  } catch (const ImageError&) {
    return 0;
  }
}

fs::path folder_for(const fs::path& file, const std::string& flag) {
  const fs::path folder = fs::absolute(file).parent_path();
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return folder;
  throw InputError(flag, file.string(), "expected a file name in a folder that exists");
}

}  // namespace

struct VideoWriter::State {
  State(const fs::path& path, const std::string& named_by, int columns, int rows)
      : file(path),
        flag(named_by),
        width(columns),
        height(rows),
        scratch(folder_for(path, named_by) / path.filename()),
        temporary(scratch.path() / "video.mp4") {}

  fs::path file;
  std::string flag;
  int width, height;
  ScratchFolder scratch;
  fs::path temporary;  ///< ends in .mp4, by which the format is chosen
  cv::VideoWriter writer;
  std::int64_t frames = 0;
};

VideoWriter::VideoWriter(const fs::path& file, const std::string& flag, int width, int height,
                         double frames_per_second)
    : state_(std::make_unique<State>(file, flag, width, height)) {
  remove_dead_scratch(fs::absolute(file), kDeadTemporary);
  try {
    state_->writer.open(state_->temporary.string(), cv::CAP_FFMPEG,
                        cv::VideoWriter::fourcc('m', 'p', '4', 'v'), frames_per_second,
                        {width / 2 * 2, height / 2 * 2});
  } catch (const cv::Exception&) {
  }
  if (!state_->writer.isOpened()) {
    throw InputError(flag, file.string(), "cannot be written as a video");
  }
}

VideoWriter::~VideoWriter() {
  state_->writer.release();
}

void VideoWriter::write(const Image& image) {
  if (image.width != state_->width || image.height != state_->height) {
    throw std::logic_error("a video of pictures of several sizes");
  }
  const cv::Mat picture = bgr_of(image);
  state_->writer.write(picture({0, 0, image.width / 2 * 2, image.height / 2 * 2}).clone());
  ++state_->frames;
}

void VideoWriter::commit() {
  state_->writer.release();
  const std::int64_t found = frames_in(state_->temporary);
  if (state_->frames == 0 || found != state_->frames) {
    throw InputError(state_->flag, state_->file.string(),
                     concat("cannot be written: ", found, " of ", state_->frames,
                            " frames are in the file; expected room for it on the disk"));
  }
  move_into_place(state_->temporary, state_->file);
}

}  // namespace mien
