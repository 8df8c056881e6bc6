// MTCNN (Zhang et al. 2016, arXiv 1604.02878): three networks, each looking closer at what the one
// before it has left.
#pragma once

#include <filesystem>
#include <memory>

#include "mien/data/face_detector.h"

namespace mien {

/// From an archive of scripts/export_detector.py. Boxes and landmarks are those of the Python
/// package facenet-pytorch (numerics.md). Throws InputError (naming --detector-file) when the file
/// is no such archive.
std::unique_ptr<FaceDetector> make_mtcnn(const std::filesystem::path& file,
                                         const DetectorOptions& options);

}  // namespace mien
