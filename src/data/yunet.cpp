#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/objdetect/face.hpp>

#include "mien/core/error.h"
#include "mien/core/text.h"
#include "mien/data/face_detector.h"
#include "rgb_image.h"

namespace mien {
namespace {

constexpr float kOverlap = .3f;
constexpr int kMostBoxes = 5000;
constexpr int kTrialSide = 320;
constexpr int kConfidenceColumn = 14;

/// One row of FaceDetectorYN: x, y, width, height, 5 landmarks, confidence. The subject's right eye
/// comes first, which is the left one in the picture.
Detection detection_of(const float* row) {
  Detection face{.box = {row[0], row[1], row[0] + row[2], row[1] + row[3]},
                 .landmarks = Landmarks{},
                 .confidence = row[kConfidenceColumn]};
  for (std::size_t i = 0; i < face.landmarks->size(); ++i) {
    (*face.landmarks)[i] = {row[4 + 2 * i], row[5 + 2 * i]};
  }
  return face;
}

class YuNet : public FaceDetector {
 public:
  YuNet(const std::filesystem::path& file, const DetectorOptions& options)
      : smallest_(options.min_face) {
    try {
      network_ =
          cv::FaceDetectorYN::create(file.string(), "", {kTrialSide, kTrialSide},
                                     static_cast<float>(options.confidence), kOverlap, kMostBoxes);
      cv::Mat faces;
      network_->detect(cv::Mat::zeros(kTrialSide, kTrialSide, CV_8UC3), faces);
    } catch (const cv::Exception&) {
      throw InputError("--detector-file", file.string(),
                       concat("expected a YuNet file that OpenCV ", CV_VERSION, " can use (before ",
                              "4.8: face_detection_yunet_2022mar.onnx)"));
    }
  }

  std::string name() const override { return "yunet"; }

  std::vector<Detection> detect(const Image& image) const override {
    const cv::Mat picture = bgr_of(image);
    cv::Mat rows;
    {
      const std::lock_guard one_at_a_time(in_use_);
      network_->setInputSize(picture.size());
      network_->detect(picture, rows);
    }
    std::vector<Detection> faces;
    for (int i = 0; i < rows.rows; ++i) {
      const Detection face = detection_of(rows.ptr<float>(i));
      if (face.box.width() >= smallest_ && face.box.height() >= smallest_) faces.push_back(face);
    }
    sort_by_size(faces);
    return faces;
  }

 private:
  double smallest_;
  mutable std::mutex in_use_;
  cv::Ptr<cv::FaceDetectorYN> network_;
};

}  // namespace

std::unique_ptr<FaceDetector> make_yunet(const std::filesystem::path& file,
                                         const DetectorOptions& options) {
  return std::make_unique<YuNet>(file, options);
}

}  // namespace mien
