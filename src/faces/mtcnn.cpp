#include "mien/faces/mtcnn.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "candidates.h"
#include "mien/core/error.h"
#include "mien/encoder/networks.h"

namespace mien {
namespace {

constexpr int kWindow = 12;  ///< the first network's window, pixels of the pyramid's level
constexpr int kStride = 2;
constexpr float kOverlapInLevel = .5f, kOverlap = .7f;
constexpr std::size_t kBatch = 512;
constexpr const char* kFlag = "--detector-file";

struct Description {
  std::array<float, 3> thresholds{};
  double factor = 0;  ///< between two levels of the pyramid
};

Description parse_description(const std::string& text, const std::string& file) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    const Description description{json.at("thresholds").get<std::array<float, 3>>(),
                                  json.at("factor").get<double>()};
    if (json.at("name") == "mtcnn" && description.factor > 0 && description.factor < 1) {
      return description;
    }
  } catch (const nlohmann::json::exception&) {
  }
  throw InputError(kFlag, file,
                   "expected an archive of export_detector.py; its mien.json is not MTCNN's");
}

class Mtcnn : public FaceDetector {
 public:
  Mtcnn(const std::filesystem::path& file, const DetectorOptions& options)
      : networks_(file, kFlag, {"pnet", "rnet", "onet"}),
        description_(parse_description(networks_.description(), file.string())),
        options_(options) {}

  std::string name() const override { return "mtcnn"; }

  std::vector<Detection> detect(const Image& image) const override {
    std::vector<Candidate> boxes = propose(image);
    refine(image, boxes);
    finish(image, boxes);
    return detections_of(boxes);
  }

 private:
  std::vector<Candidate> propose(const Image& image) const;
  void add_level(const Image& image, double scale, std::vector<Candidate>& boxes) const;
  void refine(const Image& image, std::vector<Candidate>& boxes) const;
  void finish(const Image& image, std::vector<Candidate>& boxes) const;
  std::vector<Detection> detections_of(const std::vector<Candidate>& boxes) const;

  template <class Keep>
  void look_closer(const Image& image, const char* network, int side, std::vector<Candidate>& boxes,
                   Keep keep) const;

  Networks networks_;
  Description description_;
  DetectorOptions options_;
};

/// The first network on every level of a pyramid of the image.
std::vector<Candidate> Mtcnn::propose(const Image& image) const {
  std::vector<Candidate> boxes;
  double scale = kWindow / options_.min_face;
  double shorter = std::min(image.width, image.height) * scale;
  for (; shorter >= kWindow; shorter *= description_.factor, scale *= description_.factor) {
    add_level(image, scale, boxes);
  }
  keep_best_by_union(boxes, kOverlap);
  for (Candidate& box : boxes) {
    apply_shift(box, 0);
    make_square(box);
  }
  return boxes;
}

void Mtcnn::add_level(const Image& image, double scale, std::vector<Candidate>& boxes) const {
  const int height = static_cast<int>(image.height * scale + 1);
  const int width = static_cast<int>(image.width * scale + 1);
  FloatArray level{{1, 3, height, width}, {}};
  level.values.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
  area_resize(image, {0, 0, image.width, image.height}, height, width, level.values);
  const auto outputs = networks_.run("pnet", level);
  const FloatArray &shifts = outputs.at(0), &probabilities = outputs.at(1);
  const auto rows = static_cast<std::size_t>(shifts.shape.at(2));
  const auto columns = static_cast<std::size_t>(shifts.shape.at(3));
  const std::size_t plane = rows * columns;
  const float* faces = probabilities.values.data() + plane;
  std::vector<Candidate> found;
  const auto to_image = [shrink = static_cast<float>(scale)](std::size_t cell, int offset) {
    return std::floor(static_cast<float>(kStride * static_cast<int>(cell) + offset) / shrink);
  };
  for (std::size_t at = 0; at < plane; ++at) {
    if (!(faces[at] >= description_.thresholds[0])) continue;
    const std::size_t x = at % columns, y = at / columns;
    Candidate box{to_image(x, 1), to_image(y, 1), to_image(x, kWindow), to_image(y, kWindow),
                  faces[at]};
    for (std::size_t i = 0; i < 4; ++i) box.shift[i] = shifts.values[i * plane + at];
    found.push_back(box);
  }
  keep_best_by_union(found, kOverlapInLevel);
  boxes.insert(boxes.end(), found.begin(), found.end());
}

/// Runs the network on the boxes' pixels, `side` x `side` each. `keep` takes a box, the outputs and
/// its row in them, and says whether the box stays.
template <class Keep>
void Mtcnn::look_closer(const Image& image, const char* network, int side,
                        std::vector<Candidate>& boxes, Keep keep) const {
  std::erase_if(boxes, [&](const Candidate& box) {
    const Region region = pixels_of(box, image.width, image.height);
    return region.width() < 1 || region.height() < 1;
  });
  const std::size_t pixels = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
  std::vector<Candidate> kept;
  for (std::size_t first = 0; first < boxes.size(); first += kBatch) {
    const std::size_t count = std::min(kBatch, boxes.size() - first);
    FloatArray batch{{static_cast<std::int64_t>(count), 3, side, side}, {}};
    batch.values.resize(count * pixels);
    for (std::size_t i = 0; i < count; ++i) {
      area_resize(image, pixels_of(boxes[first + i], image.width, image.height), side, side,
                  std::span(batch.values).subspan(i * pixels, pixels));
    }
    const auto outputs = networks_.run(network, batch);
    for (std::size_t i = 0; i < count; ++i) {
      Candidate box = boxes[first + i];
      box.score = outputs.back().values[2 * i + 1];
      for (std::size_t side_of = 0; side_of < 4; ++side_of) {
        box.shift[side_of] = outputs.front().values[4 * i + side_of];
      }
      if (keep(box, outputs, i)) kept.push_back(box);
    }
  }
  boxes = std::move(kept);
}

void Mtcnn::refine(const Image& image, std::vector<Candidate>& boxes) const {
  look_closer(image, "rnet", 24, boxes, [this](const Candidate& box, const auto&, std::size_t) {
    return box.score > description_.thresholds[1];
  });
  keep_best_by_union(boxes, kOverlap);
  for (Candidate& box : boxes) {
    apply_shift(box, 1);
    make_square(box);
  }
}

void Mtcnn::finish(const Image& image, std::vector<Candidate>& boxes) const {
  look_closer(image, "onet", 48, boxes,
              [this](Candidate& box, const std::vector<FloatArray>& outputs, std::size_t row) {
                if (!(box.score > description_.thresholds[2])) return false;
                const float width = box.right - box.left + 1, height = box.bottom - box.top + 1;
                for (std::size_t i = 0; i < 5; ++i) {
                  const float* points = outputs.at(1).values.data() + 10 * row;
                  box.points[i] = width * points[i] + box.left - 1;
                  box.points[i + 5] = height * points[i + 5] + box.top - 1;
                }
                return true;
              });
  for (Candidate& box : boxes) apply_shift(box, 1);
  keep_best_by_smaller(boxes, kOverlap);
}

std::vector<Detection> Mtcnn::detections_of(const std::vector<Candidate>& boxes) const {
  std::vector<Detection> faces;
  for (const Candidate& box : boxes) {
    if (box.score < options_.confidence) continue;
    Detection face{.box = {box.left, box.top, box.right, box.bottom},
                   .landmarks = Landmarks{},
                   .confidence = box.score};
    for (std::size_t i = 0; i < 5; ++i) (*face.landmarks)[i] = {box.points[i], box.points[i + 5]};
    faces.push_back(face);
  }
  sort_by_size(faces);
  return faces;
}

}  // namespace

std::unique_ptr<FaceDetector> make_mtcnn(const std::filesystem::path& file,
                                         const DetectorOptions& options) {
  return std::make_unique<Mtcnn>(file, options);
}

}  // namespace mien
