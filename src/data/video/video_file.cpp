#include <algorithm>

#include "mien/core/log.h"
#include "mien/core/text.h"
#include "mien/data/frame_source.h"
#include "video/picture.h"
#include "video/video_stream.h"

namespace mien {
namespace {

/// A frame's own display matrix, else the stream's.
Orientation2d orientation_in(const AVFrame& frame, const AVStream& stream) {
  const AVFrameSideData* own = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (own != nullptr && own->size >= 9 * sizeof(std::int32_t)) {
    return orientation_of(reinterpret_cast<const std::int32_t*>(own->data));
  }
  std::size_t size = 0;
  const std::uint8_t* of_stream =
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (of_stream == nullptr || size < 9 * sizeof(std::int32_t)) return {};
  return orientation_of(reinterpret_cast<const std::int32_t*>(of_stream));
}

class VideoFile : public FrameSource {
 public:
  VideoFile(const std::filesystem::path& file, std::int64_t every, int threads)
      : name_(file.filename().string()), every_(every), stream_(file, threads) {}

  bool next(Frame& frame) override {
    DecodedFrame decoded;
    do {
      if (!stream_.next(decoded)) return false;
      ++number_;
      if (decoded.frame == nullptr) ++lost_;
    } while ((number_ - 1) % every_ != 0);
    frame = {.number = number_, .seconds = decoded.seconds};
    if (decoded.frame == nullptr) {
      frame.problem = "cannot be decoded";
      return true;
    }
    try {
      frame.image = maker_.picture(*decoded.frame, orientation_in(*decoded.frame, stream_.stream()),
                                   stream_.pixel_shape(*decoded.frame));
    } catch (const ImageError& problem) {
      frame.problem = problem.what();
    }
    say_once(*decoded.frame);
    return true;
  }

  std::int64_t expected() const override {
    return (stream_.promised_frames() + every_ - 1) / every_;
  }

  std::string problem() const override {
    if (number_ == lost_) return "no frame can be decoded";
    std::vector<std::string> problems;
    if (stream_.is_truncated()) {
      const std::int64_t promised = stream_.promised_frames();
      problems.push_back(promised > number_
                             ? concat("ends early: ", number_, " of ", promised, " frames")
                             : concat("ends early, after ", number_, " frames"));
    }
    if (lost_ > 0) problems.push_back(concat(lost_, " frames cannot be decoded"));
    if (stream_.damaged_frames() > 0) {
      problems.push_back(concat(stream_.damaged_frames(), " frames are damaged"));
    }
    return join(problems, "; ");
  }

 private:
  /// What somebody who wonders about a result wants to know of the whole file.
  void say_once(const AVFrame& frame) {
    if (said_) return;
    said_ = true;
    if (maker_.guessed_colours()) {
      log::info(concat(name_, ": does not say how its colours are coded, taken for BT.",
                       frame.height >= 720 ? "709" : "601"));
    }
    if (frame.interlaced_frame != 0) {
      log::debug(concat(name_, ": interlaced, ", frame.top_field_first != 0 ? "top" : "bottom",
                        " field first; frames are taken as they are"));
    }
  }

  std::string name_;
  std::int64_t every_, number_ = 0, lost_ = 0;
  VideoStream stream_;
  PictureMaker maker_;
  bool said_ = false;
};

}  // namespace

std::unique_ptr<FrameSource> open_video(const std::filesystem::path& file, std::int64_t every,
                                        int threads) {
  return std::make_unique<VideoFile>(file, every, threads);
}

}  // namespace mien
