#include "crop_table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <istream>

#include "mien/core/text.h"

namespace mien {
namespace {

constexpr std::size_t kBoxFields = 4, kLandmarkFields = 10;
constexpr std::size_t kReasonField = 3 + kBoxFields + kLandmarkFields + 1;

/// A reason may hold a file's name, which may hold anything.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

void write_row(std::ostream& out, const std::string& frame, const std::string& seconds,
               const TrackedFace* face, const std::string& reason) {
  out << frame << ',' << seconds << ',';
  if (face == nullptr) {
    out << std::string(kReasonField - 2, ',') << on_one_line(reason) << '\n';
    return;
  }
  const Box& box = face->detection.box;
  out << face->id;
  for (const double side : {box.left, box.top, box.right, box.bottom}) out << ',' << fixed(side, 2);
  if (face->detection.landmarks) {
    for (const Point& point : *face->detection.landmarks) {
      out << ',' << fixed(point.x, 2) << ',' << fixed(point.y, 2);
    }
  } else {
    out << std::string(kLandmarkFields, ',');
  }
  out << ',' << fixed(face->detection.confidence, 4) << ',' << reason << '\n';
}

/// The fields of a kept row; the reason is the rest of the line.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  for (std::size_t i = 0; i < kReasonField; ++i) {
    const std::size_t end = line.find(',', at);
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  fields.push_back(line.substr(at));
  return fields;
}

class Finisher {
 public:
  Finisher(std::ostream& out, const RowContext& context) : out_(out), context_(context) {}

  void take(const std::vector<std::string>& fields) {
    const std::string& id = fields[2];
    if (fields[0] != frame_[0] || id.empty()) close_frame();  // a row without a face is a frame
    frame_ = {fields[0], fields[1]};
    if (context_.only && !id.empty() && id != std::to_string(*context_.only)) {
      others_seen_ = true;
      return;
    }
    kept_ = true;
    write(fields);
  }

  /// After a frame's last row.
  void close_frame() {
    if (others_seen_ && !kept_) {
      ++without_main_;
      std::vector<std::string> fields(kReasonField + 1);
      fields[0] = frame_[0];
      fields[1] = frame_[1];
      fields[kReasonField] = "the main face is not seen";
      write(fields);
    }
    others_seen_ = kept_ = false;
  }

  std::int64_t without_main() const { return without_main_; }

 private:
  void write(const std::vector<std::string>& fields) {
    out_ << csv_field(context_.video);
    for (std::size_t i = 0; i < kReasonField; ++i) out_ << ',' << fields[i];
    std::string crop, photo;
    std::int64_t id = 0, number = 0;
    if (parse_integer(fields[0], number)) {
      const auto named = context_.images.find(number);
      if (named != context_.images.end()) photo = named->second;
      if (parse_integer(fields[2], id)) {
        crop =
            context_.folder_of(id) + "/" + crop_name(number, context_.crops_are_named ? photo : "");
      }
    }
    out_ << ',' << csv_field(crop) << ',' << context_.detector << ','
         << csv_field(fields[kReasonField]) << ',' << csv_field(photo) << '\n';
  }

  std::ostream& out_;
  const RowContext& context_;
  std::array<std::string, 2> frame_;  ///< number and seconds
  bool others_seen_ = false, kept_ = false;
  std::int64_t without_main_ = 0;
};

}  // namespace

std::string table_header() {
  return "video,frame,seconds,id,left,top,right,bottom,left_eye_x,left_eye_y,right_eye_x,"
         "right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y,"
         "confidence,crop,detector,reason,image\n";
}

void write_rows(std::ostream& out, const FaceFrame& frame) {
  const std::int64_t of_frame = frame.frame.number;
  const std::string number = of_frame == kNoNumber ? "" : std::to_string(of_frame);
  const std::string seconds = frame.frame.seconds ? fixed(*frame.frame.seconds, 4) : "";
  for (const TrackedFace& face : frame.faces) write_row(out, number, seconds, &face, "");
  if (!frame.faces.empty()) return;
  const std::string& problem = frame.frame.problem;
  write_row(out, number, seconds, nullptr, problem.empty() ? "no face" : problem);
}

void write_problem(std::ostream& out, const std::string& reason) {
  write_row(out, "", "", nullptr, reason);
}

std::int64_t finish_rows(std::istream& in, std::ostream& out, const RowContext& context) {
  Finisher finisher(out, context);
  for (std::string line; std::getline(in, line);) finisher.take(fields_of(line));
  finisher.close_frame();
  return finisher.without_main();
}

std::string crop_name(std::int64_t frame, const std::string& photo) {
  if (!photo.empty()) return lower(photo).ends_with(".jpg") ? photo : photo + ".jpg";
  char name[32];
  std::snprintf(name, sizeof(name), "%05lld.jpg", static_cast<long long>(frame));
  return name;
}

}  // namespace mien
