// Videos and photos -> Aff-Wild2's layout of aligned crops, and a table of what was seen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mien/faces/detector.h"
#include "mien/faces/face_stream.h"

namespace mien {

/// One thing to look through: a video file, an image file, or the images of one folder.
struct CropInput {
  std::string name;  ///< in tables, and of the folder its crops go to
  std::filesystem::path path;
  bool is_video = false;
  std::optional<VideoFrames> images;  ///< a folder's
  std::string problem;                ///< why the name cannot be used; empty: it can

  /// By which it was given.
  const char* flag() const;

  /// Throws ImageError when it has a problem or cannot be opened; an image file is decoded here.
  std::unique_ptr<FrameSource> open(std::int64_t every) const;

  /// How many frames open() would give, as far as a glance tells; 0: unknown. Throws ImageError
  /// when the file is of no use by its first bytes.
  std::int64_t expected(std::int64_t every) const;
};

/// `videos` are files, or folders whose video files (by their suffixes; not those of folders in
/// them) are taken in byte order; `images` are image files, or folders as list_videos() takes them.
/// Names are those of the files without their suffix. Throws InputError (naming --video or
/// --images) for what does not exist, for a folder without videos, for two of one name. A name that
/// cannot be a folder's of `mien crop` is the problem of that input alone.
std::vector<CropInput> crop_inputs(const std::vector<std::string>& videos,
                                   const std::vector<std::string>& images, bool photos = false);

/// When none of the `inputs` could be used: InputError with the first one's problem.
[[noreturn]] void refuse_all(const CropInput& first, const std::string& problem,
                             std::size_t inputs);

struct CropOptions {
  FaceStreamOptions stream;
  std::int64_t every = 1;
  std::int64_t jobs = 1;   ///< inputs at a time, each with stream.workers threads
  int quality = 95;        ///< of the JPEG files
  bool main_face = false;  ///< only the person with the largest sum of box areas over the frames
  bool force = false;
};

/// An input, or a part of one, that could not be used.
struct CropFailure {
  std::string video, reason;
};

struct CropSummary {
  std::int64_t videos = 0;               ///< finished by this run
  std::int64_t skipped_videos = 0;       ///< finished before
  std::int64_t frames = 0;               ///< looked at
  std::int64_t frames_without_face = 0;  ///< of these; with main_face: without that one
  std::int64_t frames_failed = 0;        ///< of these: not decoded
  std::int64_t crops = 0, people = 0;    ///< written
  double seconds = 0;
  std::vector<CropFailure> failed;
};

/// Writes into `root`:
///   <name>/<NNNNN>.jpg     the first person seen, frame numbers from 1; <name>_<k> the k-th
///   faces.csv              a row a face, and one a frame without: see crop_table.h
///   crop.json              what the crops depend on; a later run with other settings is refused
///   .crop/                 finished videos, so that the same command goes on where it stopped
/// A video's crops and rows appear together once it is finished and on the disk. What cannot be
/// opened or decoded is a row with a reason; when nothing could be, InputError. A folder belongs to
/// the input that wrote it: another one that would need it is an InputError that names both, before
/// anything is written and also with `force`; so is a folder that is no input's. Everything is the
/// same for any `jobs` and `workers`. Throws Interrupted when asked to stop; finished videos are
/// kept, and in the table whatever ends the run.
CropSummary crop_faces(const std::vector<CropInput>& inputs, const ChosenDetector& chosen,
                       const DetectorOptions& detector_options, const std::filesystem::path& root,
                       const CropOptions& options);

}  // namespace mien
