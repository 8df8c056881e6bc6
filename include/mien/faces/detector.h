// Which detector looks for the faces.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "mien/data/face_detector.h"

namespace mien {

struct DetectorChoice {
  std::string kind = "auto";  ///< "auto", "mtcnn", "yunet" or "haar"
  std::string file;           ///< MTCNN's archive, YuNet's .onnx or a cascade's .xml; empty: none
  DetectorOptions options;
};

struct ChosenDetector {
  std::unique_ptr<FaceDetector> detector;
  std::filesystem::path file;
  std::string advice;  ///< for the log, when a better one could be had
};

/// "auto" goes by what the file is; without one only OpenCV's own Haar cascade is at hand.
/// Throws InputError (naming --detector or --detector-file) for an unknown kind, a kind
/// without its file, a missing or unsuitable file.
ChosenDetector choose_detector(const DetectorChoice& choice);

/// name, file (without folder), file_sha256, min_face, confidence: what the crops depend on.
nlohmann::json describe_detector(const ChosenDetector& chosen, const DetectorOptions& options);

}  // namespace mien
