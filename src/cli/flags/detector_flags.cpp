#include "flags/detector_flags.h"

#include "mien/core/error.h"
#include "mien/core/text.h"

namespace mien {
namespace {

double number_in(const std::string& flag, const std::string& text, double low, double high) {
  double value = 0;
  if (!parse_number(text, value) || !(value >= low && value <= high)) {
    throw InputError(flag, text, concat("expected ", shortest(low), " to ", shortest(high)));
  }
  return value;
}

}  // namespace

void DetectorFlags::add_to(CLI::App* command, const std::string& when) {
  command->add_option("--detector", kind, when + "auto (by --detector-file), mtcnn, yunet or haar")
      ->capture_default_str();
  command->add_option(
      "--detector-file", file,
      when + "MTCNN's archive (export_detector.py), YuNet's .onnx or a cascade's .xml");
  command->add_option("--min-face", min_face, when + "Smallest face looked for, pixels")
      ->capture_default_str();
  command->add_option("--confidence", confidence, when + "Faces below are left out, 0 to 1")
      ->capture_default_str();
}

bool DetectorFlags::any_given() const {
  const DetectorFlags usual;
  return kind != usual.kind || file != usual.file || min_face != usual.min_face ||
         confidence != usual.confidence;
}

DetectorChoice DetectorFlags::choice() const {
  return {.kind = kind,
          .file = file,
          .options = {.min_face = number_in("--min-face", min_face, 12, 10'000),
                      .confidence = number_in("--confidence", confidence, 0, 1)}};
}

}  // namespace mien
