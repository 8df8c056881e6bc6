#include "crop_video.h"

#include <fstream>

#include "crop_table.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/interrupt.h"
#include "mien/data/jpeg_write.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kKept = "finished videos are kept, the same command goes on";

/// Writes crops and rows of one video into its folder.
class VideoWriter {
 public:
  VideoWriter(fs::path folder, int quality)
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
      write_jpeg(face.crop, quality_, person / crop_name(frame.frame.number));
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

}  // namespace

CropSummary crop_video(const CropInput& input, const FaceDetector& detector,
                       const CropOptions& options, const CropFolder& folder,
                       const std::set<std::string>& other_videos,
                       const std::function<void()>& on_frame) {
  const auto source = input.open(options.every);
  const fs::path made_in = folder.begin(input.name);
  VideoWriter writer(made_in, options.quality);
  stream_faces(*source, detector, options.stream, [&](FaceFrame& frame) {
    writer.take(frame);
    on_frame();
  });
  throw_if_interrupted(kKept);

  RowContext context{.video = input.name, .detector = detector.name()};
  if (options.main_face) context.only = main_person(writer.areas());
  context.folder_of = [&](std::int64_t id) {
    return context.only ? input.name : folder.folder_of(input.name, id, other_videos);
  };
  std::ifstream kept(writer.finish(source->problem()), std::ios::binary);
  AtomicFile rows(made_in / "finished.csv");
  CropSummary summary = writer.counts();
  summary.frames_without_face += finish_rows(kept, rows.stream(), context);
  rows.commit();

  std::map<std::string, std::string> crops;
  for (const auto& [id, frames] : writer.frames()) {
    if (context.only && *context.only != id) continue;
    crops[std::to_string(id)] = context.folder_of(id);
    ++summary.people;
    summary.crops += frames;
  }
  folder.commit(input.name, crops, made_in / "finished.csv");
  ++summary.videos;
  if (!source->problem().empty()) summary.failed.push_back({input.name, source->problem()});
  return summary;
}

}  // namespace mien
