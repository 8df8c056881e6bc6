#include "encode_plan.h"

#include <algorithm>

#include "mien/core/error.h"
#include "mien/core/file_kind.h"
#include "mien/core/interrupt.h"
#include "mien/core/text.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

using PartFiles = std::vector<fs::path>;

/// A whole number of batches, so that parts do not change how batches are cut.
std::size_t frames_a_part(std::int64_t part_frames, std::int64_t batch_size) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, part_frames / batch_size) * batch_size);
}

void remove_files(const PartFiles& files) {
  for (const fs::path& file : files) {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
}

/// Whether the video's file is there and stays.
bool is_done(const VideoFrames& video, const VideoRecipe& recipe, const EncodeOptions& options) {
  const fs::path file = video_file(recipe.bank, video.name);
  std::error_code ignored;
  if (options.force || !fs::exists(file, ignored)) return false;
  const VideoEmbeddings present(file, recipe.encoder.embedding_dim);
  if (present.every() != options.every) {
    throw InputError("--every", std::to_string(options.every),
                     concat(file.string(), " was made with --every ", present.every(),
                            "; expected that or --force"));
  }
  return !(options.retry_failed && !present.failed().empty());
}

class Planner {
 public:
  Planner(const VideoRecipe& recipe, const EncodeOptions& options)
      : recipe_(recipe),
        options_(options),
        part_frames_(frames_a_part(options.part_frames, recipe.compute.batch_size)),
        files_(part_files(recipe.bank)) {}

  void add(const VideoFrames& video) {
    const auto images = static_cast<std::int64_t>(video.numbers.size());
    if (const std::string problem = name_problem(longest_name(video)); !problem.empty()) {
      plan_.unusable.push_back({video.name, problem});
      return;
    }
    const PartFiles files = files_.contains(video.name) ? files_.at(video.name) : PartFiles{};
    plan_.images += images;
    if (is_done(video, recipe_, options_)) {
      ++plan_.skipped_videos;
      plan_.skipped_images += images;
      remove_files(files);
    } else if (images <= options_.part_frames) {
      plan_.pieces.push_back({&video, 0, video.numbers.size()});
      remove_files(files);
    } else {
      add_parted(video, files);
    }
  }

  EncodePlan take() { return std::move(plan_); }

 private:
  fs::path longest_name(const VideoFrames& video) const {
    if (std::ssize(video.numbers) <= options_.part_frames) {
      return video_file(recipe_.bank, video.name);
    }
    const PartedVideo parted(video, recipe_, part_frames_);
    return parted.file(parted.parts() - 1);
  }

  void add_parted(const VideoFrames& video, PartFiles files) {
    PartedVideo& parted =
        *plan_.parted.emplace_back(std::make_unique<PartedVideo>(video, recipe_, part_frames_));
    const std::size_t before = plan_.pieces.size();
    for (std::size_t part = 0; part < parted.parts(); ++part) {
      const Piece piece = parted.piece(part);
      if (!options_.force && parted.adopt(part, options_.retry_failed)) {
        plan_.skipped_images += static_cast<std::int64_t>(piece.count);
        std::erase(files, parted.file(part));
      } else {
        plan_.pieces.push_back(piece);
      }
    }
    if (plan_.pieces.size() == before) plan_.complete.push_back(&parted);
    remove_files(files);
  }

  const VideoRecipe& recipe_;
  const EncodeOptions& options_;
  std::size_t part_frames_;
  std::map<std::string, PartFiles> files_;
  EncodePlan plan_;
};

}  // namespace

EncodePlan plan_encoding(const std::vector<VideoFrames>& videos, const VideoRecipe& recipe,
                         const EncodeOptions& options) {
  Planner planner(recipe, options);
  for (const VideoFrames& video : videos) {
    throw_if_interrupted(kKeptWork);
    planner.add(video);
  }
  return planner.take();
}

}  // namespace mien
