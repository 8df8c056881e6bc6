// The rows of faces.csv. While a video is looked through they are kept without what only its end
// tells: which person is the main one, and which folders the others go to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "mien/faces/face_stream.h"

namespace mien {

/// video,frame,seconds,id,left,top,right,bottom,<five landmarks, x and y>,confidence,crop,detector,
/// reason,image: one row per face, with the file's name of photos as image. A frame without a face,
/// or that could not be decoded, has one row with a reason and without the rest; what is wrong with
/// a whole video has one without a frame.
std::string table_header();

/// The rows of a frame, without video, crop and detector.
void write_rows(std::ostream& out, const FaceFrame& frame);

/// One that only has a reason.
void write_problem(std::ostream& out, const std::string& reason);

/// What the end of a video tells of its rows.
struct RowContext {
  std::string video, detector;
  std::optional<std::int64_t> only;  ///< the one id to keep
  std::function<std::string(std::int64_t id)> folder_of;
  std::map<std::int64_t, std::string> images;  ///< file names of photos, by their numbers
  bool crops_are_named = false;                ///< after their photos, not by number
};

/// Rows as write_rows() wrote them -> finished ones. Gives the number of frames whose every face
/// was left out because of `only`; these get one row that says so.
std::int64_t finish_rows(std::istream& in, std::ostream& out, const RowContext& context);

/// <NNNNN>.jpg, or after the photo of the name: face.jpg of face.jpg, face.png.jpg of face.png.
std::string crop_name(std::int64_t frame, const std::string& photo = {});

}  // namespace mien
