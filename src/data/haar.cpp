#include <algorithm>
#include <mutex>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "mien/core/error.h"
#include "mien/data/face_detector.h"
#include "rgb_image.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr double kScaleStep = 1.1;
constexpr int kNeighbours = 5;  ///< overlapping windows that make a face

class Haar : public FaceDetector {
 public:
  Haar(const fs::path& file, const DetectorOptions& options)
      : smallest_(std::max(1, static_cast<int>(options.min_face))) {
    bool loaded = false;
    try {
      loaded = cascade_.load(file.string());
    } catch (const cv::Exception&) {
    }
    if (!loaded) {
      throw InputError("--detector-file", file.string(), "expected a Haar cascade of OpenCV's");
    }
  }

  std::string name() const override { return "haar"; }

  std::vector<Detection> detect(const Image& image) const override {
    cv::Mat grey;
    cv::cvtColor(bgr_of(image), grey, cv::COLOR_BGR2GRAY);
    cv::equalizeHist(grey, grey);
    std::vector<cv::Rect> boxes;
    {
      const std::lock_guard one_at_a_time(in_use_);
      cascade_.detectMultiScale(grey, boxes, kScaleStep, kNeighbours, 0, {smallest_, smallest_});
    }
    std::vector<Detection> faces;
    for (const cv::Rect& box : boxes) {
      faces.push_back(
          {.box = {static_cast<double>(box.x), static_cast<double>(box.y),
                   static_cast<double>(box.x + box.width), static_cast<double>(box.y + box.height)},
           .confidence = 1});
    }
    sort_by_size(faces);
    return faces;
  }

 private:
  int smallest_;
  mutable std::mutex in_use_;
  mutable cv::CascadeClassifier cascade_;
};

}  // namespace

std::unique_ptr<FaceDetector> make_haar(const fs::path& file, const DetectorOptions& options) {
  return std::make_unique<Haar>(file, options);
}

std::optional<fs::path> installed_cascade() {
  for (const char* share : {"/usr/share", "/usr/local/share", "/opt/opencv/share"}) {
    for (const char* version : {"opencv4", "opencv", "OpenCV"}) {
      const fs::path file =
          fs::path(share) / version / "haarcascades/haarcascade_frontalface_alt2.xml";
      std::error_code ignored;
      if (fs::is_regular_file(file, ignored)) return file;
    }
  }
  return std::nullopt;
}

}  // namespace mien
