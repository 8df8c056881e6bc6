#include <algorithm>
#include <array>
#include <map>

#include "crop_records.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/faces/crop.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Why no folder of the name can be made and noted down; empty when one can.
std::string problem_of_name(const std::string& name) {
  if (name.empty() || name.starts_with('.')) {
    return "expected a file whose name does not begin with a dot";
  }
  if (std::ranges::any_of(name, [](unsigned char c) { return c < ' '; })) {
    return "expected a file name on one line";
  }
  if (name == crop_files::kTable || name == crop_files::kSettings) {
    return concat("its crops would go to the folder ", name,
                  ", which is a file of --out; expected another name");
  }
  return {};
}

class Inputs {
 public:
  void add(CropInput input) {
    input.problem = problem_of_name(input.name);
    if (!input.problem.empty()) {
      std::ranges::replace_if(input.name, [](unsigned char c) { return c < ' '; }, '?');
      inputs_.push_back(std::move(input));
      return;
    }
    const auto [known, added] = by_name_.try_emplace(input.name, input.path);
    if (!added) {
      throw InputError(input.flag(), input.path.string(),
                       concat("would be called ", input.name, ", as ", known->second.string(),
                              " is; expected different names"));
    }
    inputs_.push_back(std::move(input));
  }

  std::vector<CropInput> take() { return std::move(inputs_); }

 private:
  std::map<std::string, fs::path> by_name_;
  std::vector<CropInput> inputs_;
};

constexpr std::array kVideoSuffixes = {".mp4",  ".m4v",  ".mov", ".avi", ".mkv", ".webm",
                                       ".mpg",  ".mpeg", ".wmv", ".flv", ".3gp", ".mts",
                                       ".m2ts", ".ts",   ".ogv", ".mxf"};

bool is_video_name(const fs::path& file) {
  const std::string suffix = lower(file.extension().string());
  return !file.filename().string().starts_with('.') &&
         std::ranges::find(kVideoSuffixes, suffix) != kVideoSuffixes.end();
}

/// The video files right in the folder, by their suffixes, in byte order.
std::vector<fs::path> videos_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; at != end; at.increment(error)) {
    if (is_video_name(at->path()) && !is_folder(at->path())) files.push_back(at->path());
  }
  if (error) {
    throw InputError("--video", folder.string(), "cannot be read (" + error.message() + ")");
  }
  if (files.empty()) {
    throw InputError("--video", folder.string(),
                     "holds no video file; expected .mp4, .mov, .avi, .mkv or the like in it");
  }
  std::ranges::sort(files);
  return files;
}

std::vector<fs::path> files_of(const fs::path& video) {
  require_exists(video, "--video", "a video file, or a folder of them");
  return is_folder(video) ? videos_in(video) : std::vector<fs::path>{video};
}

/// Opening a pipe would wait for a writer.
void require_video_file(const fs::path& path) {
  try {
    require_regular_file(path);
  } catch (const InputError&) {
    throw ImageError("not a file");
  }
}

}  // namespace

const char* CropInput::flag() const {
  return is_video ? "--video" : "--images";
}

std::unique_ptr<FrameSource> CropInput::open(std::int64_t every) const {
  if (!problem.empty()) throw ImageError(problem);
  if (is_video) require_video_file(path);
  if (is_video) return open_video(path, every);
  if (!images) return open_image(path);
  std::vector<VideoFrames> folder = {*images};
  keep_every(folder, every);
  return open_images(std::move(folder.front()));
}

std::int64_t CropInput::expected(std::int64_t every) const {
  if (is_video || images || !problem.empty()) return open(every)->expected();
  require_image(path);
  return 1;
}

std::vector<CropInput> crop_inputs(const std::vector<std::string>& videos,
                                   const std::vector<std::string>& images, bool photos) {
  Inputs inputs;
  for (const fs::path path : videos) {
    for (const fs::path& file : files_of(path)) {
      inputs.add({.name = file.stem().string(), .path = file, .is_video = true});
    }
  }
  for (const fs::path path : images) {
    require_exists(path, "--images", "an image file, or a folder of them");
    if (!is_folder(path)) {
      inputs.add({.name = path.stem().string(), .path = path});
      continue;
    }
    for (VideoFrames& video : list_videos({path}, photos)) {
      CropInput input{.name = video.name, .path = video.folder};
      input.images = std::move(video);
      inputs.add(std::move(input));
    }
  }
  return inputs.take();
}

void refuse_all(const CropInput& first, const std::string& problem, std::size_t inputs) {
  throw InputError(first.flag(), first.path.string(),
                   concat(problem, inputs > 1 ? ", nor can the others be used" : ""));
}

}  // namespace mien
