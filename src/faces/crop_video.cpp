#include "crop_video.h"

#include <fstream>

#include "crop_plan.h"
#include "crop_table.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/data/jpeg_write.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kRows = "finished.csv";
constexpr const char* kKept = "finished videos are kept, the same command goes on";

/// Writes crops and rows of one video into its folder.
class CropWriter {
 public:
  CropWriter(fs::path folder, int quality)
      : folder_(std::move(folder)),
        rows_(folder_ / "kept.csv", std::ios::binary),
        quality_(quality) {}

  void take(const FaceFrame& frame) {
    ++counts_.frames;
    if (frame.faces.empty()) ++counts_.frames_without_face;
    if (!frame.frame.problem.empty()) ++counts_.frames_failed;
    write_rows(rows_, frame);
    for (const TrackedFace& face : frame.faces) {
      const fs::path person = folder_ / std::to_string(face.id);
      if (frames_[face.id]++ == 0) make_folder(person, "--out");
      areas_[face.id] += face.detection.box.area();
      write_jpeg(face.crop, quality_, person / crop_name(frame.frame.number, frame.frame.name));
    }
  }

  /// The kept rows, closed. Throws InputError when the disk refused.
  fs::path finish(const std::string& problem) {
    if (!problem.empty()) write_problem(rows_, problem);
    rows_.close();
    if (!rows_) throw InputError("file", (folder_ / "kept.csv").string(), "cannot be written");
    return folder_ / "kept.csv";
  }

  const std::map<std::int64_t, std::int64_t>& frames() const { return frames_; }
  const std::map<std::int64_t, double>& areas() const { return areas_; }
  const CropSummary& counts() const { return counts_; }

 private:
  fs::path folder_;
  std::ofstream rows_;
  int quality_;
  std::map<std::int64_t, std::int64_t> frames_;  ///< by id: with that person
  std::map<std::int64_t, double> areas_;         ///< by id: of the boxes, summed over the frames
  CropSummary counts_;
};

/// finish_rows() from file to file.
std::int64_t finish_file(const fs::path& kept, const fs::path& rows, const RowContext& context) {
  std::ifstream in(kept, std::ios::binary);
  std::ofstream out(rows, std::ios::binary);
  const std::int64_t without_main = finish_rows(in, out, context);
  out.close();
  if (in.bad() || !out) throw InputError("file", rows.string(), "cannot be written");
  return without_main;
}

/// File names by their numbers; none of a film.
std::map<std::int64_t, std::string> photos_of(const CropInput& input) {
  std::map<std::int64_t, std::string> photos;
  if (input.is_video) return photos;
  if (!input.images) return {{1, input.path.filename().string()}};
  if (!input.images->numbered_by_order) return photos;
  for (std::size_t i = 0; i < input.images->numbers.size(); ++i) {
    photos[input.images->numbers[i]] = input.images->files[i];
  }
  return photos;
}

}  // namespace

CropSummary crop_video(const CropInput& input, const FaceDetector& detector,
                       const CropOptions& options, const CropFolder& folder,
                       const std::function<void()>& on_frame) {
  const CropSource begun_with = source_of(input);  // of a file that grows, what was looked at
  const auto source = input.open(options.every);
  const fs::path made_in = folder.begin(input.name);
  CropWriter writer(made_in, options.quality);
  stream_faces(*source, detector, options.stream, [&](FaceFrame& frame) {
    writer.take(frame);
    on_frame();
  });
  throw_if_interrupted(kKept);
  if (input.is_video && writer.counts().frames_failed == writer.counts().frames) {
    throw ImageError(source->problem().empty() ? "no frame can be decoded" : source->problem());
  }

  RowContext context{.video = input.name, .detector = detector.name()};
  context.images = photos_of(input);
  context.crops_are_named = input.images && input.images->numbered_by_order;
  if (options.main_face) context.only = main_person(writer.areas());
  CropSummary summary = writer.counts();
  std::map<std::int64_t, std::string> folders;
  FinishedVideo video{.name = input.name, .source = begun_with, .crops = {}, .rows = kRows};
  for (const auto& [id, frames] : writer.frames()) {
    if (context.only && *context.only != id) continue;
    folders[id] = context.only ? input.name : folder.folder_of(input.name, id);
    video.crops[std::to_string(id)] = folders[id];
    ++summary.people;
    summary.crops += frames;
  }
  context.folder_of = [&](std::int64_t id) { return folders.at(id); };
  summary.frames_without_face +=
      finish_file(writer.finish(source->problem()), made_in / kRows, context);
  folder.commit(video);
  ++summary.videos;
  if (!source->problem().empty()) summary.failed.push_back({input.name, source->problem()});
  return summary;
}

}  // namespace mien
