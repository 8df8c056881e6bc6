#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>

#include "mien/core/text.h"
#include "mien/data/frame_source.h"
#include "rgb_image.h"

namespace mien {
namespace {

constexpr double kLeastShare = .9;  ///< of the frames that the header promises

/// The decoder's own messages would stand on standard error between ours.
void silence_decoder() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", /*overwrite=*/0);  // AV_LOG_QUIET
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  });
}

/// What brings the pictures upright. OpenCV 4.6.0 gives the angle the other way round
/// (opencv/opencv issue 22088) and turns by it, so the turning is done here.
std::optional<cv::RotateFlags> turn_of(const cv::VideoCapture& capture) {
  int clockwise = static_cast<int>(capture.get(cv::CAP_PROP_ORIENTATION_META));
  const bool is_reversed = cv::getVersionMajor() == 4 && cv::getVersionMinor() == 6;
  if (is_reversed) clockwise = -clockwise;
  switch ((clockwise % 360 + 360) % 360) {
    case 90:
      return cv::ROTATE_90_CLOCKWISE;
    case 180:
      return cv::ROTATE_180;
    case 270:
      return cv::ROTATE_90_COUNTERCLOCKWISE;
    default:
      return std::nullopt;
  }
}

/// What a person can do something about, as far as the file tells it.
std::string why_not(const std::string& path) {
  std::error_code error;
  if (::access(path.c_str(), R_OK) != 0)
    return concat("cannot be read (", std::strerror(errno), ")");
  const auto bytes = std::filesystem::file_size(path, error);
  return !error && bytes == 0 ? "an empty file" : "not a video that can be decoded";
}

class VideoFile : public FrameSource {
 public:
  VideoFile(const std::filesystem::path& file, std::int64_t every) : every_(every) {
    silence_decoder();
    // An absolute path: a name with a colon would be taken for a protocol.
    const std::string path = std::filesystem::absolute(file).string();
    try {
      capture_.open(path, cv::CAP_FFMPEG);
    } catch (const cv::Exception&) {
    }
    if (!capture_.isOpened()) throw ImageError(why_not(path));
    capture_.set(cv::CAP_PROP_ORIENTATION_AUTO, 0);
    turn_ = turn_of(capture_);
    const double promised = capture_.get(cv::CAP_PROP_FRAME_COUNT);
    if (promised > 0 && promised < 1e9) promised_ = std::llround(promised);
    const double rate = capture_.get(cv::CAP_PROP_FPS);
    if (std::isfinite(rate) && rate > 0) interval_ = 1 / rate;
  }

  bool next(Frame& frame) override {
    do {
      if (!grab()) return false;
    } while ((number_ - 1) % every_ != 0);
    frame = {.number = number_, .seconds = seconds_};
    cv::Mat picture;
    if (retrieve(picture)) {
      if (turn_) cv::rotate(picture, picture, *turn_);
      frame.image = rgb_of(picture);
    } else {
      frame.problem = "cannot be decoded";
    }
    return true;
  }

  std::int64_t expected() const override { return (promised_ + every_ - 1) / every_; }

  /// A header counts a few frames that an edit list hides; a file that was cut lacks many.
  std::string problem() const override {
    if (number_ == 0) return "no frame can be decoded";
    if (static_cast<double>(number_) >= kLeastShare * static_cast<double>(promised_)) return {};
    return concat("ends early: ", number_, " of ", promised_, " frames");
  }

 private:
  bool grab() {
    try {
      if (!capture_.grab()) return false;
    } catch (const cv::Exception&) {
      return false;
    }
    ++number_;
    keep_time(capture_.get(cv::CAP_PROP_POS_MSEC) / 1000);
    return true;
  }

  /// OpenCV gives 0 for frames that come out of the decoder after the last packet has gone in.
  void keep_time(double stamp) {
    const bool first = number_ == 1;
    if (first || stamp > seconds_) {
      const double now = std::isfinite(stamp) ? std::max(stamp, 0.) : 0;
      if (!first && now > seconds_) interval_ = now - seconds_;
      seconds_ = now;
    } else {
      seconds_ += interval_;
    }
  }

  bool retrieve(cv::Mat& picture) {
    try {
      return capture_.retrieve(picture) && picture.type() == CV_8UC3 && !picture.empty();
    } catch (const cv::Exception&) {
      return false;
    }
  }

  cv::VideoCapture capture_;
  std::int64_t every_, number_ = 0, promised_ = 0;
  double seconds_ = 0, interval_ = 0;
  std::optional<cv::RotateFlags> turn_;
};

}  // namespace

std::unique_ptr<FrameSource> open_video(const std::filesystem::path& file, std::int64_t every) {
  return std::make_unique<VideoFile>(file, every);
}

}  // namespace mien
