#include <utility>

#include "mien/data/frame_source.h"

namespace mien {
namespace {

class ImageFiles : public FrameSource {
 public:
  explicit ImageFiles(VideoFrames images) : images_(std::move(images)) {}

  bool next(Frame& frame) override {
    if (at_ == images_.numbers.size()) return false;
    frame = {.number = images_.numbers[at_]};
    try {
      frame.image = load_image(images_.path(at_), Orientation::kUpright);
    } catch (const ImageError& problem) {
      frame.problem = problem.what();
    }
    ++at_;
    return true;
  }

  std::int64_t expected() const override {
    return static_cast<std::int64_t>(images_.numbers.size());
  }

 private:
  VideoFrames images_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<FrameSource> open_images(VideoFrames images) {
  return std::make_unique<ImageFiles>(std::move(images));
}

std::unique_ptr<FrameSource> open_image(const std::filesystem::path& file) {
  VideoFrames images;
  images.name = file.stem().string();
  images.folder = file.parent_path();
  images.numbers = {1};
  images.files = {file.filename().string()};
  load_image(file, Orientation::kUpright);
  return open_images(std::move(images));
}

}  // namespace mien
