#include <optional>
#include <utility>

#include "frame_numbers.h"
#include "mien/core/text.h"
#include "mien/data/frame_source.h"

namespace mien {
namespace {

class ImageFiles : public FrameSource {
 public:
  explicit ImageFiles(VideoFrames images) : images_(std::move(images)) {}

  bool next(Frame& frame) override {
    const std::size_t at = at_++;
    if (at < images_.numbers.size()) {
      frame = {.number = images_.numbers[at]};
      if (!is_film()) frame.name = images_.files[at];
      try {
        frame.image = load_image(images_.path(at), Orientation::kUpright);
      } catch (const ImageError& problem) {
        frame.problem = problem.what();
      }
      return true;
    }
    if (at >= count()) return false;
    const RejectedImage& image = images_.rejected[at - images_.numbers.size()];
    const std::string file = image.path.filename().string();
    frame = {.number = number_in_name(file) ? image.frame : kNoNumber,
             .problem = concat(image.reason, ": ", file)};
    return true;
  }

  bool is_film() const override { return !images_.numbered_by_order; }

  std::int64_t expected() const override { return static_cast<std::int64_t>(count()); }

 private:
  std::size_t count() const { return images_.numbers.size() + images_.rejected.size(); }

  VideoFrames images_;
  std::size_t at_ = 0;
};

class ImageFile : public FrameSource {
 public:
  explicit ImageFile(const std::filesystem::path& file)
      : image_(load_image(file, Orientation::kUpright)) {}

  bool next(Frame& frame) override {
    if (!image_) return false;
    frame = {.number = 1, .image = std::move(*image_)};
    image_.reset();
    return true;
  }

  bool is_film() const override { return false; }
  std::int64_t expected() const override { return 1; }

 private:
  std::optional<Image> image_;
};

}  // namespace

std::unique_ptr<FrameSource> open_images(VideoFrames images) {
  return std::make_unique<ImageFiles>(std::move(images));
}

std::unique_ptr<FrameSource> open_image(const std::filesystem::path& file) {
  return std::make_unique<ImageFile>(file);
}

}  // namespace mien
