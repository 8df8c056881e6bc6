#include <algorithm>
#include <map>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/faces/crop.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

class Inputs {
 public:
  void add(CropInput input, const char* flag) {
    if (input.name.empty() || input.name.starts_with('.')) {
      throw InputError(flag, input.path.string(),
                       "expected a file whose name does not begin with a dot");
    }
    const auto [known, added] = by_name_.try_emplace(input.name, input.path);
    if (!added) {
      throw InputError(flag, input.path.string(),
                       concat("its crops would go to the folder ", input.name, ", as those of ",
                              known->second.string(), " do; expected different names"));
    }
    inputs_.push_back(std::move(input));
  }

  std::vector<CropInput> take() { return std::move(inputs_); }

 private:
  std::map<std::string, fs::path> by_name_;
  std::vector<CropInput> inputs_;
};

}  // namespace

std::unique_ptr<FrameSource> CropInput::open(std::int64_t every) const {
  if (is_video) return open_video(path, every);
  if (!images) return open_image(path);
  std::vector<VideoFrames> folder = {*images};
  keep_every(folder, every);
  return open_images(std::move(folder.front()));
}

std::vector<CropInput> crop_inputs(const std::vector<std::string>& videos,
                                   const std::vector<std::string>& images) {
  Inputs inputs;
  for (const fs::path file : videos) {
    require_exists(file, "--video", "a video file");
    if (fs::is_directory(file)) {
      throw InputError("--video", file.string(), "expected a video file, this is a folder");
    }
    inputs.add({.name = file.stem().string(), .path = file, .is_video = true}, "--video");
  }
  for (const fs::path path : images) {
    require_exists(path, "--images", "an image file, or a folder of them");
    if (!fs::is_directory(path)) {
      inputs.add({.name = path.stem().string(), .path = path}, "--images");
      continue;
    }
    for (VideoFrames& video : list_videos({path})) {
      CropInput input{.name = video.name, .path = video.folder};
      input.images = std::move(video);
      inputs.add(std::move(input), "--images");
    }
  }
  return inputs.take();
}

}  // namespace mien
