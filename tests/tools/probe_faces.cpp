#include <cstdint>

#include "mien/data/frame_source.h"
#include "mien/faces/mtcnn.h"
#include "probe.h"

namespace mien::probe {
namespace {

/// The frames of a video as decoded: video, every, threads -> `numbers` I64 [n], `seconds` F64 [n],
/// `sizes` I64 [n, 2] (width, height; 0 of a frame without a picture), `means` F64 [n, 3], `reds`
/// I64 [n, 2] of the first and last pixel, with `pixels` all of them U8 [...]; metadata `expected`,
/// `problem`, `problems` (a list, of the frames).
void decode_video(const SafetensorsFile&, const nlohmann::json& options, Output& output) {
  const auto video = open_video(options.at("video").get<std::string>(), options.value("every", 1),
                                options.value("threads", 0));
  nlohmann::json problems = nlohmann::json::array();
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> numbers, sizes, reds;
  std::vector<double> seconds, means;
  output.metadata["expected"] = std::to_string(video->expected());
  for (Frame frame; video->next(frame);) {
    numbers.push_back(frame.number);
    seconds.push_back(frame.seconds.value_or(-1));
    sizes.insert(sizes.end(), {frame.image.width, frame.image.height});
    problems.push_back(frame.problem);
    if (frame.image.pixels.empty()) frame.image.pixels.assign(3, 0);
    if (options.value("pixels", false)) {
      pixels.insert(pixels.end(), frame.image.pixels.begin(), frame.image.pixels.end());
    }
    reds.insert(reds.end(), {frame.image.pixels.front(), *(frame.image.pixels.end() - 3)});
    for (std::size_t channel = 0; channel < 3; ++channel) {
      double sum = 0;
      for (std::size_t i = channel; i < frame.image.pixels.size(); i += 3) {
        sum += frame.image.pixels[i];
      }
      means.push_back(3 * sum / static_cast<double>(frame.image.pixels.size()));
    }
  }
  const auto count = static_cast<std::int64_t>(numbers.size());
  output.add("numbers", DType::kI64, {count}, numbers);
  output.add("seconds", DType::kF64, {count}, seconds);
  output.add("sizes", DType::kI64, {count, 2}, sizes);
  output.add("reds", DType::kI64, {count, 2}, reds);
  output.add("means", DType::kF64, {count, 3}, means);
  if (!pixels.empty()) {
    output.add("pixels", DType::kU8, {static_cast<std::int64_t>(pixels.size())}, pixels);
  }
  output.metadata["problem"] = video->problem();
  output.metadata["problems"] = problems.dump();
}

/// detector, min_face, confidence, and `image<i>` U8 [h, w, 3] from 0 -> for each `faces<i>` F64
/// [n, 15]: box, 5 landmarks (x, y), confidence.
void detect_mtcnn(const SafetensorsFile& input, const nlohmann::json& options, Output& output) {
  const auto detector = make_mtcnn(options.at("detector").get<std::string>(),
                                   {options.value("min_face", 20.), options.at("confidence")});
  for (int i = 0; i < options.at("images"); ++i) {
    const TensorView& pixels = input.tensor("image" + std::to_string(i), DType::kU8, 3);
    const auto bytes = pixels.as<std::uint8_t>();
    const Image image{static_cast<int>(pixels.shape[1]),
                      static_cast<int>(pixels.shape[0]),
                      {bytes.begin(), bytes.end()}};
    std::vector<double> rows;
    const auto faces = detector->detect(image);
    for (const Detection& face : faces) {
      rows.insert(rows.end(), {face.box.left, face.box.top, face.box.right, face.box.bottom});
      for (const Point& point : *face.landmarks) rows.insert(rows.end(), {point.x, point.y});
      rows.push_back(face.confidence);
    }
    output.add("faces" + std::to_string(i), DType::kF64,
               {static_cast<std::int64_t>(faces.size()), 15}, rows);
  }
}

}  // namespace

std::map<std::string, Function> faces_probes() {
  return {{"decode_video", decode_video}, {"detect_mtcnn", detect_mtcnn}};
}

}  // namespace mien::probe
