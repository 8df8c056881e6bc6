#include "mien/faces/detector.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "mien/core/digest.h"
#include "mien/core/error.h"
#include "mien/core/files.h"
#include "mien/core/text.h"
#include "mien/faces/mtcnn.h"

namespace mien {
namespace fs = std::filesystem;
namespace {

constexpr const char* kKindFlag = "--detector";
constexpr const char* kFileFlag = "--detector-file";

constexpr const char* kAdvice =
    "no --detector-file: OpenCV's Haar cascade is used, which finds boxes only and misses many "
    "faces; scripts/export_detector.py makes MTCNN's file";

/// "mtcnn", "yunet" or "haar", by the file's first bytes and its suffix.
std::string kind_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string start(2, '\0');
  in.read(start.data(), 2);
  if (start == "PK") return "mtcnn";  // TorchScript archives are zip files
  if (start == "<?" || lower(file.extension().string()) == ".xml") return "haar";
  if (lower(file.extension().string()) == ".onnx") return "yunet";
  throw InputError(kFileFlag, file.string(),
                   "expected an archive of export_detector.py, a YuNet .onnx or a cascade's .xml");
}

void require_kind(const std::string& kind) {
  const std::vector<std::string> known = {"auto", "mtcnn", "yunet", "haar"};
  if (std::ranges::find(known, kind) != known.end()) return;
  throw InputError(kKindFlag, kind, "expected auto, mtcnn, yunet or haar",
                   nearest_match(kind, known));
}

fs::path cascade_of_this_machine() {
  if (const auto cascade = installed_cascade()) return *cascade;
  throw InputError(kFileFlag, "(nothing)",
                   "expected a detector's file: OpenCV's Haar cascade is not on this machine; "
                   "scripts/export_detector.py makes MTCNN's");
}

/// The kind in force and its file.
std::pair<std::string, fs::path> settled(const DetectorChoice& choice) {
  require_kind(choice.kind);
  if (!choice.file.empty()) {
    require_exists(choice.file, kFileFlag, "a detector's file");
    require_regular_file(choice.file, kFileFlag);
    return {choice.kind == "auto" ? kind_of(choice.file) : choice.kind, choice.file};
  }
  if (choice.kind == "mtcnn" || choice.kind == "yunet") {
    throw InputError(kFileFlag, "(nothing)",
                     choice.kind == "mtcnn"
                         ? "expected MTCNN's archive (scripts/export_detector.py makes it)"
                         : "expected YuNet's .onnx file of OpenCV's model zoo");
  }
  return {"haar", cascade_of_this_machine()};
}

}  // namespace

ChosenDetector choose_detector(const DetectorChoice& choice) {
  const auto [kind, file] = settled(choice);
  if (kind == "mtcnn") return {make_mtcnn(file, choice.options), file, {}};
  if (kind == "yunet") return {make_yunet(file, choice.options), file, {}};
  return {make_haar(file, choice.options), file, choice.file.empty() ? kAdvice : ""};
}

nlohmann::json describe_detector(const ChosenDetector& chosen, const DetectorOptions& options) {
  return {{"name", chosen.detector->name()},
          {"file", chosen.file.filename().string()},
          {"file_sha256", sha256_of_file(chosen.file)},
          {"min_face", options.min_face},
          {"confidence", options.confidence}};
}

}  // namespace mien
