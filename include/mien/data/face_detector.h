// Faces in a picture, whoever finds them.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mien/data/image.h"

namespace mien {

/// Pixels; (0, 0) is the centre of the top left one.
struct Point {
  double x = 0, y = 0;
};

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;

  double width() const { return right - left; }
  double height() const { return bottom - top; }
  double area() const { return width() * height(); }
};

/// As seen in the picture: left eye, right eye, nose, left and right corner of the mouth.
using Landmarks = std::array<Point, 5>;

struct Detection {
  Box box;                             ///< may reach over the picture's edge
  std::optional<Landmarks> landmarks;  ///< none from a detector that finds boxes only
  double confidence = 0;               ///< 0 to 1
};

class FaceDetector {
 public:
  virtual ~FaceDetector() = default;

  /// "mtcnn", "yunet", "haar": named in what is written.
  virtual std::string name() const = 0;

  /// The faces, the largest box first. Several threads may call at a time; the answer does not
  /// depend on them.
  virtual std::vector<Detection> detect(const Image& image) const = 0;
};

/// What every detector is asked for.
struct DetectorOptions {
  double min_face = 20;    ///< the smallest face that is looked for, pixels
  double confidence = .9;  ///< faces below are left out
};

/// The order of detect(): the largest box first, equal ones from left to right.
void sort_by_size(std::vector<Detection>& faces);

/// OpenCV's FaceDetectorYN with a YuNet file (.onnx) of its model zoo: before OpenCV 4.8 the one of
/// March 2022. Throws InputError (naming --detector-file) when OpenCV cannot use it.
std::unique_ptr<FaceDetector> make_yunet(const std::filesystem::path& file,
                                         const DetectorOptions& options);

/// OpenCV's frontal face cascade (.xml). It finds boxes only, and its confidence is 1 throughout.
/// Throws InputError (naming --detector-file) when the file is no cascade.
std::unique_ptr<FaceDetector> make_haar(const std::filesystem::path& file,
                                        const DetectorOptions& options);

/// OpenCV's own cascade on this machine, or nothing.
std::optional<std::filesystem::path> installed_cascade();

}  // namespace mien
