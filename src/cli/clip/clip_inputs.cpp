#include "clip/clip_inputs.h"

#include <algorithm>
#include <map>

#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kOverlay = "--overlay";

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The same for every way to write it, also of what is not there yet or leads in a circle.
fs::path whole(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path), found = fs::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal() : found;
}

/// Files that are not to be written, and what they are: --force replaces results, never what they
/// are made of.
class Taken {
 public:
  void add(const fs::path& file, const std::string& what) { what_.emplace(whole(file), what); }

  void require_free(const fs::path& file, const std::string& flag) const {
    const auto found = what_.find(whole(file));
    if (found == what_.end()) return;
    throw InputError(flag, file.string(), "is " + found->second + ", expected another file");
  }

 private:
  std::map<fs::path, std::string> what_;
};

bool takes_a_folder(const ClipFiles& files, std::size_t videos) {
  return videos > 1 || is_folder(files.overlay) ||
         std::ranges::any_of(files.videos,
                             [](const std::string& video) { return is_folder(video); });
}

void name_overlays(const ClipFiles& files, std::vector<ClipInput>& inputs) {
  const fs::path given = files.overlay,
                 overlay = given.has_filename() ? given : given.parent_path();
  const bool is_video = overlay.extension() == ".mp4" && !is_folder(overlay);
  if (!takes_a_folder(files, inputs.size())) {
    if (!is_video) throw InputError(kOverlay, overlay, "expected a name that ends in .mp4");
    inputs.front().overlay = overlay;
    return;
  }
  std::error_code ignored;
  if (is_video || (fs::exists(overlay, ignored) && !is_folder(overlay))) {
    throw InputError(kOverlay, overlay,
                     concat("expected a folder for the overlays of ", inputs.size(),
                            inputs.size() == 1 ? " video" : " videos", ", not one file"));
  }
  for (ClipInput& input : inputs) input.overlay = overlay / (input.video.name + ".mp4");
}

void require_overlay(const ClipFiles& files, const Taken& taken, bool is_new_folder,
                     ClipInput& input) {
  taken.require_free(input.overlay, kOverlay);
  input.problem = name_problem(input.overlay);
  if (!is_new_folder && input.problem.empty()) {
    require_writable_target(input.overlay, kOverlay, files.force);
  }
}

void require_overlays(const ClipFiles& files, const Taken& taken, std::vector<ClipInput>& inputs) {
  name_overlays(files, inputs);
  const fs::path folder = inputs.front().overlay.parent_path();
  const bool is_new_folder = inputs.front().overlay != files.overlay && !is_folder(folder);
  if (is_new_folder) {
    taken.require_free(folder, kOverlay);
    require_writable_target(folder, kOverlay, /*force=*/false);
  }
  for (ClipInput& input : inputs) require_overlay(files, taken, is_new_folder, input);
}

}  // namespace

std::vector<ClipInput> clip_inputs(const ClipFiles& files, std::int64_t every) {
  std::vector<ClipInput> inputs;
  for (CropInput& video : crop_inputs(files.videos, {})) {
    inputs.push_back({.video = std::move(video), .overlay = {}, .problem = {}});
  }
  Taken taken;
  for (const ClipInput& input : inputs) taken.add(input.video.path, "one of the videos");
  taken.require_free(files.out, "--out");
  taken.add(files.out, "the file of --out");
  if (!files.overlay.empty()) require_overlays(files, taken, inputs);
  for (ClipInput& input : inputs) {
    if (!input.problem.empty()) continue;
    try {
      input.expected = input.video.open(every)->expected();
    } catch (const ImageError& problem) {
      input.problem = problem.what();
    }
  }
  const auto can_be_opened = [](const ClipInput& input) { return input.problem.empty(); };
  if (std::ranges::none_of(inputs, can_be_opened)) {
    refuse_all(inputs.front().video, inputs.front().problem, inputs.size());
  }
  return inputs;
}

}  // namespace mien
