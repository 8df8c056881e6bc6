#include "mien/data/video_writer.h"

#include <unistd.h>

#include <opencv2/videoio.hpp>
#include <stdexcept>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "rgb_image.h"

namespace mien {
namespace fs = std::filesystem;

struct VideoWriter::State {
  fs::path file, temporary;
  int width, height;
  cv::VideoWriter writer;
};

namespace {

/// Ends in .mp4, by which the format is chosen.
fs::path temporary_for(const fs::path& file) {
  return fs::absolute(file).parent_path() /
         concat(".", file.stem().string(), ".", ::getpid(), ".tmp.mp4");
}

}  // namespace

VideoWriter::VideoWriter(const fs::path& file, const std::string& flag, int width, int height,
                         double frames_per_second)
    : state_(new State{.file = file,
                       .temporary = temporary_for(file),
                       .width = width,
                       .height = height,
                       .writer = {}}) {
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
  std::error_code ignored;
  if (!state_->temporary.empty()) fs::remove(state_->temporary, ignored);
}

void VideoWriter::write(const Image& image) {
  if (image.width != state_->width || image.height != state_->height) {
    throw std::logic_error("a video of pictures of several sizes");
  }
  const cv::Mat picture = bgr_of(image);
  state_->writer.write(picture({0, 0, image.width / 2 * 2, image.height / 2 * 2}).clone());
}

void VideoWriter::commit() {
  state_->writer.release();
  fs::rename(state_->temporary, state_->file);
  state_->temporary.clear();
}

}  // namespace mien
